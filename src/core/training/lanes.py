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
from collections.abc import Mapping
from typing import Any

import numpy as np

from core import keys
from core.backend.numpy import NumpyOps
from core.backend.numpy_pool import PooledOps
from core.losses import Loss
from core.network import Network
from core.training.flat import Flat, Named
from core.training.workers import Workers

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

    def __init__(self, layout: Flat, workers: Workers) -> None:
        self.g = np.zeros(layout.trained, np.float32)
        self._layout, self._workers = layout, workers

    def configure(self, network: Network, loss: Loss, *, batch: int) -> None:
        self._network, self._loss = network, loss
        self._widest = max(math.prod(shape) for shape in network.shapes)
        pooled = self._layout.trained > SMALL or self._widest * max(batch, 1) > SMALL
        self._whole = Lane(self._layout, self.g, pooled=pooled)
        # Fresh memory serves parts better than buffers: what was just freed is still in the cache.
        self._lanes = [Lane(self._layout, self.g, pooled=False)]

    def __call__(self, params: Named, x: np.ndarray, t: np.ndarray, key: Any) -> tuple[float, States]:
        """(mean loss, new state) of a batch."""
        parts = self.parts(len(x))
        if len(parts) == 1:
            return self._whole.gradient(self._network, self._loss, params, x, t, key)
        while len(self._lanes) < len(parts):
            self._lanes.append(Lane(self._layout, np.zeros_like(self.g), pooled=False))
        given = [
            (self._network, self._loss, params, x[part], t[part], keys.key(key, i)) for i, part in enumerate(parts)
        ]
        pairs = zip(self._lanes, given, strict=False)
        with self._workers.blas_alone():
            calls = [functools.partial(lane.gradient, *each) for lane, each in pairs]
            losses = [loss for loss, _ in self._workers.side_by_side(calls)]
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
