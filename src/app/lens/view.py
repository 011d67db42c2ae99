"""All that the lens shows at one moment, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.lens import edges as lines
from app.lens.decision import answers
from app.lens.edges import Edges
from app.lens.layout import Layout
from app.lens.structure import Column, Grid, Structure
from core.data.preprocess import NumberFeature
from core.data.schema import Prepared

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class View:
    """selected: ids of layers chosen by the person; coloured_by: "weights" or "gradient"; points: rows by part."""

    structure: Structure = field(default_factory=Structure)
    layout: Layout = field(default_factory=Layout)
    tensors: Tensors = field(default_factory=dict)
    prepared: Prepared | None = None
    selected: frozenset[str] = frozenset()
    coloured_by: str = "weights"
    points: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def edges(self) -> Edges:
        return lines.build(self.structure, self.layout, self.tensors, self.coloured_by)

    @property
    def trained(self) -> bool:
        return any(name.startswith("weights/") for name in self.tensors)

    @property
    def plane(self) -> bool:
        """Whether rows are points of a plane, so that every neuron is a picture of it."""
        return self.prepared is not None and self.prepared.row_shape == (2,)

    @property
    def line(self) -> bool:
        """Whether rows are single numbers, so that every neuron is a curve over them."""
        return self.prepared is not None and self.prepared.row_shape == (1,)

    @property
    def carded(self) -> bool:
        """Whether the answer as a whole has a card beside the network."""
        output = self.output_column()
        if output is None or len(self.structure.columns[output].shape) != 1:
            return False
        return self.plane or (self.line and self.task == "regression")

    def is_output(self, column: int) -> bool:
        return not any(link.source == column for link in self.structure.links)

    def weights(self, column: int) -> np.ndarray | None:
        """(inputs, units) where every unit has a column of weights of its own."""
        shown = self.structure.columns[column]
        found = self.tensors.get(f"weights/{shown.id}/W")
        fits = found is not None and found.ndim == 2 and found.shape[1] == shown.units and len(shown.shape) == 1
        return found if fits else None

    def bias(self, column: int, unit: int) -> float | None:
        return self._unit(f"weights/{self.structure.columns[column].id}/b", unit)

    def activation(self, column: int, unit: int) -> float | None:
        """For the probe row, as the layer gives it."""
        shown = self.structure.columns[column]
        return self._unit(f"activation/{shown.shown}", unit) if len(shown.shape) == 1 else None

    def _unit(self, name: str, unit: int) -> float | None:
        found = self.tensors.get(name)
        return float(found.ravel()[unit]) if found is not None and 0 <= unit < found.size else None

    def surface(self, column: int) -> np.ndarray | None:
        """(units, g, g) over the plane; of a classifier's output, probabilities."""
        shown = self.structure.columns[column]
        found = self.tensors.get(f"surface/{shown.shown}")
        if found is None and shown.rank == 0 and self.plane and shown.units == 2:
            ramp = np.linspace(-1.0, 1.0, 28)
            return np.stack(np.meshgrid(ramp, ramp))
        if found is None or found.ndim != 3 or len(found) != shown.units:
            return None
        return answers(found, self.task) if self.is_output(column) else found

    def curve(self, column: int) -> np.ndarray | None:
        """(units, n) along the one input; of a classifier's output, probabilities."""
        shown = self.structure.columns[column]
        found = self.tensors.get(f"curve/{shown.shown}")
        if found is None and shown.rank == 0 and self.line and shown.units == 1 and self.trained:
            return np.linspace(-1.0, 1.0, 28)[None]
        if found is None or found.ndim != 2 or len(found) != shown.units:
            return None
        return answers(found, self.task) if self.is_output(column) else found

    def probe(self, column: int) -> np.ndarray | None:
        """(units,) for the probe row; of a classifier's output, probabilities."""
        shown = self.structure.columns[column]
        found = self.tensors.get(f"activation/{shown.shown}")
        if found is None or found.size != shown.units or len(shown.shape) != 1:
            return None
        found = found.ravel()
        return answers(found[:, None], self.task)[:, 0] if self.is_output(column) else found

    def output(self, column: int) -> np.ndarray | None:
        """The output of an image or a sequence for the probe row, in its shape; finite."""
        shown = self.structure.columns[column]
        found = self.tensors.get(f"activation/{shown.shown}")
        if found is None or found.shape != shown.shape or len(shown.shape) not in (2, 3):
            return None
        return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)

    def maps(self, column: int) -> np.ndarray | None:
        """(channels, rows, columns) for the probe row; the first row at the bottom, as in a plot."""
        found = self.output(column)
        return None if found is None or found.ndim != 3 else np.moveaxis(found, -1, 0)[:, ::-1]

    def kernels(self, column: int, unit: int) -> np.ndarray | None:
        """(channels, kh, kw) that make one map or channel: of a convolution."""
        found = self.tensors.get(f"weights/{self.structure.columns[column].id}/W")
        if found is None or found.ndim not in (3, 4) or unit >= found.shape[-1]:
            return None
        return np.moveaxis(found[..., unit], -1, 0) if found.ndim == 4 else found[..., unit].T[None]

    @property
    def task(self) -> str:
        return self.prepared.task if self.prepared is not None else ""

    @property
    def tells_probabilities(self) -> bool:
        """Whether the answers are probabilities."""
        return self.task in ("classification", "labels")

    def output_column(self) -> int | None:
        return next((i for i in range(len(self.structure.columns)) if self.is_output(i)), None)

    def picture(self, column: int) -> np.ndarray | None:
        """(rows, columns) of an input that is an image, or too wide to open: the probe row in the units of the data;
        (rows, columns, 3) of a coloured one."""
        shown = self.structure.columns[column]
        if len(shown.shape) == 3 and shown.form == "picture":
            found = self.output(column)
            return None if found is None else found[..., 0] if shown.units == 1 else found
        values = self.tensors.get(f"activation/{shown.shown}")
        if shown.rank or values is None or values.size != shown.units or self.prepared is None:
            return None
        features = self.prepared.preparation.features
        flat = values.ravel().astype(float)
        if len(features) == shown.units and all(isinstance(f, NumberFeature) for f in features):
            numbers = [f for f in features if isinstance(f, NumberFeature)]
            flat = np.array([f.unscaled(x) for f, x in zip(numbers, flat, strict=True)])
        across = math.isqrt(shown.units - 1) + 1
        grid = shown.grid or Grid(-(-shown.units // across), across, tuple(range(shown.units)))
        return grid.fill(flat, float(flat.min()))

    def weight_pictures(self, column: int) -> np.ndarray | None:
        """(units, rows, columns) of the weights of a layer that looks at an image."""
        sources = [link.source for link in self.structure.links if link.target == column]
        grid = self.structure.columns[sources[0]].grid if len(sources) == 1 else None
        weights = self.weights(column)
        if grid is None or weights is None or weights.shape[0] != len(grid.cells):
            return None
        return grid.fill(weights.T, 0.0)[:, ::-1]  # rows as in a plot, the first at the bottom

    def scale(self, column: Column, values: np.ndarray) -> float:
        """The value that is drawn at full colour: what the activation can give, or nearly the largest there is."""
        if column.scale is not None:
            return column.scale
        return max(float(np.percentile(np.abs(values), 99.5)), 1e-9)
