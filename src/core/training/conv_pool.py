"""A convolution and the max pooling after it as one layer of the plan, for NumPy alone.

The largest of a window does not change place under a bias and a rising activation f, so that

    y = f(max over the window of z + b),  z = conv(x, W),

bends a quarter of the numbers for windows of 2 × 2. z is made and given up for a few images at a time: it never leaves
the processor's cache, and of it only the place of each maximum is kept, one byte a window.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.activations import ACTIVATIONS
from core.backend.convolution import ConvGeometry
from core.layers import Cache, Layer, Params, Shape, State
from core.layers.conv2d import Conv2D
from core.layers.max_pool import MaxPool
from core.layers.windows import Windows
from core.network import Network, Node

Array = np.ndarray
RISING = ("linear", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "softplus")
BLOCK = 1 << 18  # numbers of z that are made at once
MOST_PLACES = 256  # of a window: what a byte tells apart


def joined(network: Network) -> Network:
    """The network with every convolution and pooling that can be one as one; the others as they are."""
    nodes: list[Node] = []
    place: dict[int, int] = {}
    for i, node in enumerate(network.nodes):
        conv = _before(network, i)
        if conv is None:
            nodes.append(replace(node, sources=tuple(place[s] for s in node.sources)))
        else:
            before = nodes[-1]
            nodes[-1] = replace(before, layer=ConvPool(conv, node.layer))  # type: ignore[arg-type]
        place[i] = len(nodes) - 1
    outputs = {id: place[i] for id, i in network.outputs.items()}
    return replace(network, nodes=tuple(nodes), output=place[network.output], outputs=outputs)


def _before(network: Network, i: int) -> Conv2D | None:
    """The convolution that node i, a pooling, can be joined with: the node just before it, which nothing else reads."""
    pool, before = network.nodes[i].layer, network.nodes[i - 1]
    if not isinstance(pool, MaxPool) or not isinstance(before.layer, Conv2D) or network.nodes[i].sources != (i - 1,):
        return None
    windows = pool.windows(network.nodes[i].inputs[0])
    alone = sum(i - 1 in node.sources for node in network.nodes) == 1
    fits = windows.disjoint and not windows.padded and pool.size**2 <= MOST_PLACES
    return before.layer if alone and fits and before.layer.activation in RISING else None


@dataclass(frozen=True)
class ConvPool(Layer):
    """y = f(max over the windows of z + b); dz is dy f'(y) at the first place in a window where z is largest."""

    conv: Conv2D
    pool: MaxPool

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.pool.output_shape(self.conv.output_shape(*inputs))

    def parameter_shapes(self, *inputs: Shape) -> dict[str, Shape]:
        return self.conv.parameter_shapes(*inputs)

    def forward(
        self, ops: Any, p: Params, s: State, xs: tuple[Array, ...], *, train: bool, key: Any
    ) -> tuple[Array, Cache, State]:
        x = xs[0]
        shape, windows, geometry = _laid_out(self.conv, self.pool, x.shape[1:])
        largest = ops.empty((len(x), *windows.counts, shape[-1]))
        places = np.empty(largest.shape, np.uint8)
        kept = []
        for block in _blocks(len(x), shape):
            z, saved = ops.conv(x[block], p["W"], geometry)
            _largest(z, windows, largest[block], places[block])
            kept.append(saved)
        if self.conv.use_bias:
            largest += p["b"]
        y, bent = ACTIVATIONS[self.conv.activation].bend(ops, largest)
        return y, (kept, places, bent, y, geometry, windows), s

    def backward(self, ops: Any, p: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, ...], Params]:
        kept, _, _, _, geometry, _ = cache
        dm, grads = self._by_largest(ops, cache, dy)
        dxs, dW = [], None
        for saved, dz in zip(kept, self._spread(cache, dm), strict=True):
            dxs.append(ops.conv_dx(saved, p["W"], dz, geometry))
            some = ops.conv_dW(saved, p["W"], dz, geometry)
            dW = some if dW is None else ops.iadd(dW, some)
        return (np.concatenate(dxs),), {"W": dW, **grads}

    def parameter_gradients(self, ops: Any, p: Params, cache: Cache, dy: Array) -> Params:
        kept, _, _, _, geometry, _ = cache
        dm, grads = self._by_largest(ops, cache, dy)
        dW = None
        for saved, dz in zip(kept, self._spread(cache, dm), strict=True):
            some = ops.conv_dW(saved, p["W"], dz, geometry)
            dW = some if dW is None else ops.iadd(dW, some)
        return {"W": dW, **grads}

    def _by_largest(self, ops: Any, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """(gradient by the largest z of every window, that of the bias)."""
        _, _, bent, y, _, _ = cache
        dm = ACTIVATIONS[self.conv.activation].backward(ops, bent, y, dy)
        return dm, {"b": ops.sum_rows(dm.reshape(-1, dm.shape[-1]))} if self.conv.use_bias else {}

    def _spread(self, cache: Cache, dm: Array) -> Iterator[Array]:
        """dz of block after block; the next takes the place of the last."""
        _, places, _, _, _, windows = cache
        shape = (*windows.sizes, dm.shape[-1])
        filled = windows.sizes == tuple(count * windows.size for count in windows.counts)
        blocks = list(_blocks(len(dm), shape))
        room = (np.empty if filled else np.zeros)((blocks[0].stop, *shape), dm.dtype)
        for block in blocks:
            dz = room[: block.stop - block.start]
            for i, tap in enumerate(windows.taps()):
                np.multiply(dm[block], places[block] == i, out=dz[tap])
            yield dz


@functools.lru_cache(maxsize=64)
def _laid_out(conv: Conv2D, pool: MaxPool, shape: Shape) -> tuple[Shape, Windows, ConvGeometry]:
    """(shape of z, where its windows lie, how it is convolved) for an input of that shape."""
    z = conv.output_shape(shape)
    return z, pool.windows(z), conv.geometry(shape)


def _blocks(rows: int, shape: Shape) -> Iterator[slice]:
    size = max(1, BLOCK // math.prod(shape))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def _largest(z: Array, windows: Windows, into: Array, places: Array) -> None:
    """The largest of every window, and where in the window it stands first: rows before columns."""
    first, *others = windows.taps()
    into[...] = z[first]
    places[...] = 0
    for i, tap in enumerate(others, start=1):
        larger = z[tap] > into
        np.maximum(places, np.multiply(larger.view(np.uint8), np.uint8(i)), out=places)
        np.maximum(into, z[tap], out=into)
