"""The gradient of a batch on NumPy: in one go, or in parts that the cores take side by side.

Of a network with large results, such as a convolutional one, a part of the batch fits the processor's cache where all
of it does not, and most of its work is not matrix products, which BLAS shares among the cores by itself. How a batch is
parted follows from the network and the number of rows alone, and parts are summed in their order, so that the same
seed gives the same bits whatever number of cores there is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from core import keys
from core.backend.choose import usable_cores
from core.backend.numpy import NumpyOps
from core.backend.numpy_pool import PooledOps
from core.losses import Loss
from core.network import Network
from core.training.flat import Flat, Named

SMALL = 1 << 14  # numbers up to which an array costs less than looking for a buffer
WIDE = 1 << 20  # numbers of the largest result from which a batch is parted
PART = 1 << 19  # numbers of the largest result of a part, about
MOST_PARTS = 8

States = Mapping[str, Mapping[str, np.ndarray]]


class Lane:
    """Computes gradients into a flat vector `g` of its own, with buffers of its own."""

    def __init__(self, layout: Flat, g: np.ndarray, *, pooled: bool) -> None:
        self.g = g
        self._views = layout.views(g)
        self._ops = PooledOps() if pooled else NumpyOps()
        self._offered: set[int] = set()  # views that a buffer was sought for

    def gradient(
        self, network: Network, loss: Loss, params: Named, x: np.ndarray, t: np.ndarray, key: Any
    ) -> tuple[float, States]:
        """(mean loss, new state) of these rows; `g` then holds the gradient."""
        ops = self._ops
        if isinstance(ops, PooledOps):
            ops.restart()
        ys, caches, states = network.forward(ops, params, x, train=True, key=lambda id: ops.key(keys.key(key, id)))
        value, cache = loss.forward(ops, ys[network.output], t)
        found = network.backward(ops, params, caches, loss.backward(ops, cache))
        for id, grads in found.items():
            views = self._views[id]
            for name, array in grads.items():
                self._keep(array, views[name])
        return float(value), states

    def quietly(self, *given: Any) -> tuple[float, States]:
        """`gradient` in a thread of its own: what is not finite is found by the trainer and told in words."""
        with np.errstate(all="ignore"):
            return self.gradient(*given)

    def _keep(self, gradient: np.ndarray, view: np.ndarray) -> None:
        """Copy a gradient into its place in `g`, or see to it that the next step writes it there at once."""
        if gradient.base is self.g:
            return
        view[...] = gradient
        if isinstance(self._ops, PooledOps) and id(view) not in self._offered:
            self._offered.add(id(view))
            self._ops.adopt(gradient, view)


class Gradients:
    """Of a network's loss by its parameters; `g` holds the newest, flat as `layout` says."""

    def __init__(self, layout: Flat) -> None:
        self.g = np.zeros(layout.trained, np.float32)
        self._layout = layout
        self._blas = ThreadpoolController().select(user_api="blas")
        self._workers: ThreadPoolExecutor | None = None

    def configure(self, network: Network, loss: Loss, *, batch: int) -> None:
        self._network, self._loss = network, loss
        self._widest = max(math.prod(shape) for shape in network.shapes)
        self._pooled = self._layout.trained > SMALL or self._widest * max(batch, 1) > SMALL
        self._lanes = [Lane(self._layout, self.g, pooled=self._pooled)]

    def __call__(self, params: Named, x: np.ndarray, t: np.ndarray, key: Any) -> tuple[float, States]:
        """(mean loss, new state) of a batch."""
        parts = self.parts(len(x))
        if len(parts) == 1:
            return self._lanes[0].gradient(self._network, self._loss, params, x, t, key)
        while len(self._lanes) < len(parts):
            self._lanes.append(Lane(self._layout, np.zeros_like(self.g), pooled=True))
        given = [
            (self._network, self._loss, params, x[part], t[part], keys.key(key, i)) for i, part in enumerate(parts)
        ]
        losses = self._side_by_side(given)
        shares = [(part.stop - part.start) / len(x) for part in parts]
        self.g *= shares[0]
        for lane, share in zip(self._lanes[1:], shares[1:], strict=False):
            self.g += lane.g * share
        return sum(share * loss for share, loss in zip(shares, losses, strict=True)), {}

    def parts(self, rows: int) -> list[slice]:
        """A state, such as the mean that batch norm carries, is of the whole batch: with one, nothing is parted."""
        largest = self._widest * rows
        if largest <= WIDE or self._network.state_names:
            return [slice(0, rows)]
        count = min(rows, MOST_PARTS, -(-largest // PART))
        bounds = [rows * i // count for i in range(count + 1)]
        return [slice(a, b) for a, b in itertools.pairwise(bounds)]

    def _side_by_side(self, given: list[tuple[Any, ...]]) -> list[float]:
        """The losses of the parts, each computed in its lane. Meanwhile BLAS keeps to one thread a lane."""
        pairs = list(zip(self._lanes, given, strict=False))
        alone = self._threads() == 1
        with self._blas.limit(limits=1):
            if alone:
                return [lane.gradient(*each)[0] for lane, each in pairs]
            if self._workers is None:
                self._workers = ThreadPoolExecutor(usable_cores(), thread_name_prefix="gradient")
            calls = [self._workers.submit(lane.quietly, *each) for lane, each in pairs]
            return [call.result()[0] for call in calls]

    def _threads(self) -> int:
        """Cores that may be used: as many as BLAS was given, which leaves one to the window."""
        info = self._blas.info()
        return min([usable_cores(), *(library["num_threads"] for library in info)])
