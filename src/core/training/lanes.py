"""The gradient of a batch on NumPy: in one go, or in parts that the cores take side by side.

Of a network with large results, such as a convolutional one, a part of the batch fits the processor's cache where all
of it does not, and most of its work is not matrix products, which BLAS shares among the cores by itself. How a batch is
parted follows from the network and the number of rows alone, and parts are summed in their order, so that the same
seed gives the same bits whatever number of cores there is.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import keys
from core.backend.numpy import NumpyOps
from core.backend.numpy_pool import PooledOps
from core.losses import Loss
from core.network import Network
from core.training.conv_pool import joined
from core.training.flat import Flat, Named
from core.training.workers import Workers

SMALL = 1 << 14  # numbers up to which an array costs less than looking for a buffer
WIDE = 1 << 20  # numbers of the largest result from which a batch is parted
PART = 1 << 19  # numbers of the largest result of a part, about
MOST_PARTS = 8


@dataclass(frozen=True)
class Product:
    """xᵀ dz that is still to be formed, of some rows of a batch."""

    x: np.ndarray
    dz: np.ndarray


class PartOps(NumpyOps):
    """Leaves large products over the rows of a batch for later: of all its parts at once they cost the least.

    Fresh memory serves parts better than buffers: what was just freed is still in the cache.
    """

    def weights_gradient(self, x: np.ndarray, dz: np.ndarray) -> Any:
        large = x.shape[1] * dz.shape[1] > SMALL
        return Product(x, dz) if large else super().weights_gradient(x, dz)


States = Mapping[str, Mapping[str, np.ndarray]]


class Lane:
    """Computes gradients into a flat vector `g` of its own, with buffers of its own."""

    def __init__(self, layout: Flat, g: np.ndarray, ops: NumpyOps) -> None:
        self.g = g
        self.views = layout.views(g)
        self.left: dict[tuple[str, str], Product] = {}
        self._ops = ops
        self._offered: set[int] = set()  # views that a buffer was sought for

    def gradient(
        self, network: Network, loss: Loss, params: Named, x: np.ndarray, t: np.ndarray, key: Any, share: float = 1.0
    ) -> tuple[float, States]:
        """(mean loss, new state) of these rows, which are that share of a batch.

        `g` then holds the gradient of share · loss, but for the products that are `left` to be formed.
        """
        ops = self._ops
        if isinstance(ops, PooledOps):
            ops.restart()
        ys, caches, states = network.forward(ops, params, x, train=True, key=lambda id: ops.key(keys.key(key, id)))
        value, cache = loss.forward(ops, ys[network.output], t)
        dy = loss.backward(ops, cache)
        found = network.backward(ops, params, caches, dy if share == 1.0 else dy * np.float32(share))
        for id, grads in found.items():
            for name, array in grads.items():
                if isinstance(array, Product):
                    self.left[id, name] = array
                else:
                    self._keep(array, self.views[id][name])
        return float(value), states

    def _keep(self, gradient: np.ndarray, view: np.ndarray) -> None:
        """Copy a gradient into its place in `g`, or see to it that the next step writes it there at once."""
        if gradient.base is self.g:
            return
        view[...] = gradient
        if isinstance(self._ops, PooledOps) and id(view) not in self._offered:
            self._offered.add(id(view))
            self._ops.adopt(gradient, view)


def _form(x: np.ndarray, dz: np.ndarray, total: np.ndarray, begin: int, end: int) -> None:
    """Rows begin to end of xᵀ dz."""
    np.matmul(x[:, begin:end].T, dz, out=total[begin:end])


def _add(total: np.ndarray, others: list[np.ndarray]) -> None:
    for other in others:
        total += other


class Gradients:
    """Of a network's loss by its parameters; `g` holds the newest, flat as `layout` says."""

    def __init__(self, layout: Flat, workers: Workers) -> None:
        self.g = np.zeros(layout.trained, np.float32)
        self._layout, self._workers = layout, workers

    def configure(self, network: Network, loss: Loss, *, batch: int) -> None:
        self._network, self._joined, self._loss = network, joined(network), loss
        self._widest = max(math.prod(shape) for shape in network.shapes)
        pooled = self._layout.trained > SMALL or self._widest * max(batch, 1) > SMALL
        self._whole = Lane(self._layout, self.g, PooledOps() if pooled else NumpyOps())
        self._lanes = [Lane(self._layout, self.g, PartOps())]

    def __call__(self, params: Named, x: np.ndarray, t: np.ndarray, key: Any) -> tuple[float, States]:
        """(mean loss, new state) of a batch."""
        parts = self.parts(len(x))
        if len(parts) == 1:
            return self._whole.gradient(self._network, self._loss, params, x, t, key)
        while len(self._lanes) < len(parts):
            self._lanes.append(Lane(self._layout, np.zeros_like(self.g), PartOps()))
        lanes = self._lanes[: len(parts)]
        shares = [(part.stop - part.start) / len(x) for part in parts]
        calls = [
            functools.partial(
                lane.gradient, self._joined, self._loss, params, x[part], t[part], keys.key(key, i), shares[i]
            )
            for i, (lane, part) in enumerate(zip(lanes, parts, strict=True))
        ]
        with self._workers.blas_alone():  # threads of BLAS, once awake, take the cores from what comes next
            losses = [loss for loss, _ in self._workers.side_by_side(calls)]
            self._workers.side_by_side(self._sums(lanes))
        return sum(share * loss for share, loss in zip(shares, losses, strict=True)), {}

    def _sums(self, lanes: list[Lane]) -> list[Callable[[], None]]:
        """Calls that put into `g` what the lanes found, in their order."""
        calls: list[Callable[[], None]] = []
        first, *others = lanes
        for id, views in first.views.items():
            for name, total in views.items():
                if (id, name) in first.left:
                    products = [lane.left.pop((id, name)) for lane in lanes]
                    x, dz = np.concatenate([p.x for p in products]), np.concatenate([p.dz for p in products])
                    bounds = [len(total) * i // MOST_PARTS for i in range(MOST_PARTS + 1)]
                    calls += [functools.partial(_form, x, dz, total, a, b) for a, b in itertools.pairwise(bounds)]
                else:
                    calls.append(functools.partial(_add, total, [lane.views[id][name] for lane in others]))
        return calls

    def parts(self, rows: int) -> list[slice]:
        """A state, such as the mean that batch norm carries, is of the whole batch: with one, nothing is parted."""
        largest = self._widest * rows
        if largest <= WIDE or self._network.state_names:
            return [slice(0, rows)]
        count = min(rows, MOST_PARTS, -(-largest // PART))
        bounds = [rows * i // count for i in range(count + 1)]
        return [slice(a, b) for a, b in itertools.pairwise(bounds)]
