"""What a network costs before it is trained: memory and work, in Python integers, from shapes alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.layers import Shape
from core.optimizers import Optimizer
from core.spec import NetworkSpec, TrainingConfig
from core.validation import Report

BYTES = 4  # every value is float32
SCRATCH = 2  # times the activations: beside them, as much again lives for the length of an operation
PASS_BYTES = 32 << 20  # for the outputs of all layers where rows are only answered, not trained on


@dataclass(frozen=True)
class Cost:
    """Of one layer or of all of them; bytes are those of a training step.

    parameters: how many numbers are trained.  multiply_adds: of the forward pass, for one row.
    parameter_bytes = 4 P; gradient_bytes = 4 P; optimizer_bytes = 4 P · slots (Adam 2, momentum 1, SGD 0);
    activation_bytes = 4 · batch · (2 · output values of a row + `Layer.work_values`): each output once as the value
    that the backward pass needs, once as the gradient that comes back, and what a layer holds beside it meanwhile.
    """

    parameters: int = 0
    multiply_adds: int = 0
    parameter_bytes: int = 0
    gradient_bytes: int = 0
    optimizer_bytes: int = 0
    activation_bytes: int = 0

    @property
    def memory(self) -> int:
        """Bytes that a training step takes at its peak: SCRATCH · activations and the rest. Not counted: program, data.

        Real peaks of four steps with Adam, as multiples of this and of what a run keeps of its weights (NumPy, MLX):
        MLP 784-1024-1024-10 at batch 256 0.85, 0.91; 64-256-256-256-256-10 at 4096 0.82, 0.54; two convolutions of 32
        and 64 filters on 28×28 at 128 0.40, 1.48 (NumPy computes a wide batch in parts, one after another in the same
        memory; this does not count on it); two with batch norm on 32×32 at 64 0.59, 1.11; LSTM of 256 units
        over 32 steps at 128 0.95, 1.50; attention over 64 steps at 64 1.09, 1.17.
        """
        return self.parameter_bytes + self.gradient_bytes + self.optimizer_bytes + self.working_bytes

    @property
    def working_bytes(self) -> int:
        """Activations and what lives beside them for the length of an operation."""
        return SCRATCH * self.activation_bytes

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def values(shape: Shape) -> int:
    """How many numbers an array of this shape holds."""
    total = 1
    for n in shape:
        total *= n
    return total


def layer_cost(report: Report, id: str, *, optimizer: Optimizer, batch: int) -> Cost:
    """Cost of one layer of the network that `report` is about; zero where its shape is not known."""
    if id not in report.shapes:
        return Cost()
    trained = BYTES * report.parameters[id]
    held = 2 * values(report.shapes[id]) + report.work_values[id]
    return Cost(
        parameters=report.parameters[id],
        multiply_adds=report.multiply_adds[id],
        parameter_bytes=trained,
        gradient_bytes=trained,
        optimizer_bytes=trained * optimizer.slots,
        activation_bytes=BYTES * batch * held,
    )


def network_cost(network: NetworkSpec, report: Report, *, optimizer: Optimizer, batch: int) -> Cost:
    """Cost of all layers whose shapes are known."""
    total = Cost()
    for spec in network.layers:
        total += layer_cost(report, spec.id, optimizer=optimizer, batch=batch)
    return total


def is_complete(network: NetworkSpec, report: Report) -> bool:
    """Whether every layer's shape is known, so that nothing is missing from the cost."""
    return all(spec.id in report.shapes for spec in network.layers)


def batch_rows(config: TrainingConfig, training_rows: int | None) -> int:
    """Rows computed at once in a step: the batch size, where it is 0 all training rows, never more than there are.

    Without data, "all rows" counts as 1.
    """
    if training_rows is None:
        return max(1, config.batch_size)
    all_rows = -(-training_rows // config.accumulate)  # computed in so many parts
    return min(config.batch_size or all_rows, training_rows) if training_rows else 1


def rows_at_once(shapes: Iterable[Shape], most: int) -> int:
    """Rows, at most `most`, that a network with outputs of these shapes answers within PASS_BYTES."""
    each = BYTES * sum(values(shape) for shape in shapes)
    return max(1, min(most, PASS_BYTES // max(1, each)))


def bytes_text(n: int) -> str:
    """ "512 B", "3.1 kB", "31 MB": powers of 1000, two digits."""
    return _scaled(n, ("B", "kB", "MB", "GB", "TB", "PB"))


def count_text(n: int) -> str:
    """ "960", "21,708", "1.4 M": exact below a hundred thousand, then two digits."""
    return f"{n:,}" if n < 100_000 else _scaled(n, ("", "k", "M", "G", "T", "P"))


def _scaled(n: int, units: tuple[str, ...]) -> str:
    value, unit = float(n), 0
    while unit + 1 < len(units) and float(f"{value:.3g}") >= 1000:
        value, unit = value / 1000, unit + 1
    digits = f"{value:.0f}" if unit == 0 or value >= 9.95 else f"{value:.1f}"
    return f"{digits} {units[unit]}".strip()
