"""Where every array of a network lies in one flat vector."""

from __future__ import annotations

import math

import numpy as np

from core.network import Network

Named = dict[str, dict[str, np.ndarray]]


class Flat:
    """Where every array lies in one flat vector: the trained ones first, then the state.

    spans: slice of each layer's trained parameters, by layer id; trained, size: lengths of that part and of all.
    """

    def __init__(self, network: Network, start: Named) -> None:
        carried = network.state_names
        self.trained_shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        self.state_shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        for id, arrays in start.items():
            for name, array in arrays.items():
                shapes = self.state_shapes if name in carried.get(id, ()) else self.trained_shapes
                shapes.setdefault(id, {})[name] = array.shape
        self.spans: dict[str, slice] = {}
        at = 0
        for id, named in self.trained_shapes.items():
            begin, at = at, at + sum(math.prod(shape) for shape in named.values())
            self.spans[id] = slice(begin, at)
        self.trained = at
        self.size = at + sum(math.prod(shape) for named in self.state_shapes.values() for shape in named.values())

    def views(self, flat: np.ndarray) -> Named:
        """The arrays by layer id and name, as views of a vector of `size` or only `trained` numbers."""
        if flat.size not in (self.size, self.trained):
            raise ValueError(f"{flat.size} numbers do not fill a network of {self.size}")
        found: Named = {}
        at = 0
        groups = (self.trained_shapes, self.state_shapes) if flat.size == self.size else (self.trained_shapes,)
        for shapes in groups:
            for id, named in shapes.items():
                for name, shape in named.items():
                    end = at + math.prod(shape)
                    found.setdefault(id, {})[name] = flat[at:end].reshape(shape)
                    at = end
        return found
