"""The values a person edits: network, training, data, project. All frozen; `core.edits` makes new ones.

Mappings and tuples inside these values are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from core import losses, values
from core.data.spec import DataSource, DataSpec
from core.errors import UserInputError
from core.layers import Layer, layer_from_json, layer_to_json
from core.layers.dense import Dense
from core.layers.input import Input
from core.optimizers import Adam, Optimizer, optimizer_from_json, optimizer_to_json
from core.schedules import Constant, Schedule, schedule_from_json, schedule_to_json
from core.values import hyper

__all__ = [
    "DataSource",
    "DataSpec",
    "Edge",
    "LayerSpec",
    "NetworkSpec",
    "Project",
    "TrainingConfig",
    "mlp",
    "sequential",
]

MOST_LAYERS = 1000
MOST_EDGES = 10_000


@dataclass(frozen=True)
class LayerSpec:
    """A layer in its place: `id` is stable for life and keys weights; `name` is what people read and change."""

    id: str
    name: str
    layer: Layer


@dataclass(frozen=True)
class Edge:
    """The output of layer `source` feeds layer `target`; a target's inputs count in the order of the edges."""

    source: str
    target: str


@dataclass(frozen=True)
class NetworkSpec:
    """A directed acyclic graph of layers. It may be unfinished or wrong: `core.validation.check` says where."""

    layers: tuple[LayerSpec, ...] = ()
    edges: tuple[Edge, ...] = ()

    def layer(self, id: str) -> LayerSpec:
        """The layer of that id; raises KeyError."""
        for spec in self.layers:
            if spec.id == id:
                return spec
        raise KeyError(id)

    def has(self, id: str) -> bool:
        return any(spec.id == id for spec in self.layers)

    def sources(self, id: str) -> tuple[str, ...]:
        """Ids that feed layer `id`, in input order."""
        return tuple(e.source for e in self.edges if e.target == id)

    def targets(self, id: str) -> tuple[str, ...]:
        return tuple(e.target for e in self.edges if e.source == id)

    def to_json(self) -> dict[str, Any]:
        return {
            "layers": [{"id": s.id, "name": s.name, **layer_to_json(s.layer)} for s in self.layers],
            "edges": [[e.source, e.target] for e in self.edges],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; raises UserInputError for anything malformed."""
        layers = tuple(_layer_spec(entry, i) for i, entry in enumerate(_list(data, "layers", MOST_LAYERS)))
        ids = [spec.id for spec in layers]
        if len(set(ids)) != len(ids):
            raise UserInputError("Two layers share one id.", where="network")
        edges = []
        for pair in _list(data, "edges", MOST_EDGES):
            if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(end in ids for end in pair)):
                raise UserInputError(f"The connection {pair!r} does not join two layers.", where="network")
            edges.append(Edge(*pair))
        return cls(layers, tuple(edges))


def _list(data: Mapping[str, Any], name: str, most: int) -> list[Any]:
    found = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(found, list):
        raise UserInputError(f"The network has no list {name!r}.", where="network")
    if len(found) > most:
        reason = f"It has {len(found):,}; at most {most:,} {name} are read."
        raise UserInputError(f"The network has too many {name}.", where="network", reason=reason)
    return found


def _layer_spec(entry: Any, index: int) -> LayerSpec:
    where = f"network, layer {index + 1}"
    if not isinstance(entry, Mapping) or not all(isinstance(entry.get(k), str) for k in ("id", "name", "kind")):
        raise UserInputError("A layer needs the texts id, name and kind.", where=where)
    rest = {k: v for k, v in entry.items() if k not in ("id", "name")}
    return LayerSpec(entry["id"], entry["name"], layer_from_json(rest, where=where))


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Rates and penalties may change while a run goes on and act from the next batch.

    `loss` "auto": softmax cross-entropy for classes, mean squared error for numbers. `batch_size` 0: all rows at once.
    """

    label: ClassVar[str] = "Training"
    LOSSES: ClassVar[tuple[tuple[str, str], ...]] = losses.CHOICES

    optimizer: Optimizer = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    loss: str = hyper("auto", "Loss", "What is minimized. Auto follows the target.", choices=LOSSES)
    epochs: int = hyper(200, "Epochs", "How often every training row is used.", minimum=1, maximum=1_000_000)
    batch_size: int = hyper(
        32,
        "Batch size",
        "Rows per step. Small batches give a noisy gradient, large ones a smooth and slower one. 0: all rows.",
        minimum=0,
        maximum=10_000_000,
        suggestions=(1, 4, 8, 16, 32, 64, 128, 256, 0),
    )
    learning_rate: float = hyper(
        0.01,
        "Learning rate",
        "Length of a step. Too large diverges, too small crawls.",
        minimum=1e-7,
        maximum=100.0,
        suggestions=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    )
    dropout: float = hyper(
        0.0,
        "Dropout",
        "Share of hidden outputs silenced at each step, in every layer that does not set its own.",
        minimum=0.0,
        maximum=0.95,
        suggestions=(0.0, 0.1, 0.2, 0.3, 0.5),
    )
    l1: float = hyper(
        0.0,
        "L1 penalty",
        "Adds λ · Σ|W| to the loss: pushes weights to exactly zero.",
        minimum=0.0,
        maximum=100.0,
        suggestions=(0.0, 1e-5, 1e-4, 1e-3, 1e-2),
    )
    l2: float = hyper(
        0.0,
        "L2 penalty",
        "Adds λ/2 · ΣW² to the loss: keeps weights small and the function smooth.",
        minimum=0.0,
        maximum=100.0,
        suggestions=(0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1),
    )
    label_smoothing: float = hyper(
        0.0,
        "Label smoothing",
        "Share of the target that cross-entropy spreads over all classes: keeps the network from being too sure.",
        minimum=0.0,
        maximum=0.9,
        suggestions=(0.0, 0.05, 0.1, 0.2),
    )
    class_weights: str = hyper(
        "equal",
        "Class weights",
        "Balanced: in cross-entropy rare classes count as much as frequent ones.",
        choices=(("equal", "Equal"), ("balanced", "Balanced")),
    )
    clip_norm: float = hyper(
        0.0,
        "Clip by norm",
        "A gradient longer than this is shortened to it, its direction kept: no step leaps. 0: never.",
        minimum=0.0,
        maximum=1e6,
        suggestions=(0.0, 0.1, 0.5, 1.0, 5.0),
    )
    clip_value: float = hyper(
        0.0,
        "Clip by value",
        "Every entry of the gradient is cut off at plus and minus this. 0: never.",
        minimum=0.0,
        maximum=1e6,
        suggestions=(0.0, 0.1, 0.5, 1.0, 5.0),
    )
    max_norm: float = hyper(
        0.0,
        "Max-norm",
        "Longest that the weights into one unit may become; longer ones are shortened after each step. 0: any length.",
        minimum=0.0,
        maximum=1e6,
        suggestions=(0.0, 1.0, 2.0, 3.0, 4.0),
    )
    accumulate: int = hyper(
        1,
        "Accumulate",
        "Batches whose gradients are averaged into one step: a large batch in the memory of a small one.",
        minimum=1,
        maximum=10_000,
        suggestions=(1, 2, 4, 8, 16),
    )
    early_stopping: int = hyper(
        0,
        "Early stopping",
        "Stop after this many epochs without a better validation loss. 0: never.",
        minimum=0,
        maximum=1_000_000,
    )
    seed: int = hyper(
        7, "Seed", "Every random choice follows from it: same seed, same run.", minimum=0, maximum=2**31 - 1
    )
    backend: str = hyper(
        "auto",
        "Backend",
        "What computes. Auto: MLX where a GPU answers, else NumPy.",
        choices=(("auto", "Auto"), ("numpy", "NumPy"), ("mlx", "MLX")),
    )

    @property
    def weight_decay(self) -> float:
        """λ of the optimizer's decoupled weight decay, which layers inherit that set none of their own."""
        return self.optimizer.decay

    def within(self, run: TrainingConfig) -> Self:
        """These settings as a run that began with `run` takes them over: seed, loss and backend belong to it."""
        kept = ("seed", "loss", "label_smoothing", "class_weights", "backend")
        return replace(self, **{name: getattr(run, name) for name in kept})

    def to_json(self) -> dict[str, Any]:
        rules = {"optimizer": optimizer_to_json(self.optimizer), "schedule": schedule_to_json(self.schedule)}
        return {**rules, **values.to_json(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; raises UserInputError for unknown or illegal values."""
        if not isinstance(data, Mapping) or not isinstance(data.get("optimizer"), Mapping):
            raise UserInputError("The training settings name no optimizer.", where="training")
        schedule = data.get("schedule", {"kind": Constant.kind})  # absent from the earliest files
        if not isinstance(schedule, Mapping):
            raise UserInputError("The schedule of the learning rate is malformed.", where="training")
        rest = {k: v for k, v in data.items() if k not in ("optimizer", "schedule")}
        made = values.from_json(cls, rest, where="training")
        optimizer = optimizer_from_json(dict(data["optimizer"]))
        return replace(made, optimizer=optimizer, schedule=schedule_from_json(dict(schedule)))


@dataclass(frozen=True)
class Project:
    """Everything that a project file holds except weights and history. `layout`: card centre by layer id, in pixels."""

    name: str = "Untitled"
    data: DataSpec | None = None
    network: NetworkSpec = field(default_factory=NetworkSpec)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    layout: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def sequential(*layers: Layer, names: tuple[str, ...] = ()) -> NetworkSpec:
    """A chain of layers with ids "l0", "l1", ...; names default to "input", "hidden 1", ..., "output"."""
    last = len(layers) - 1
    usual = tuple("input" if i == 0 else "output" if i == last else f"hidden {i}" for i in range(len(layers)))
    chosen = names or usual
    specs = tuple(LayerSpec(f"l{i}", chosen[i], layer) for i, layer in enumerate(layers))
    return NetworkSpec(specs, tuple(Edge(f"l{i}", f"l{i + 1}") for i in range(last)))


def mlp(inputs: int, hidden: tuple[int, ...], outputs: int, *, activation: str = "relu") -> NetworkSpec:
    """A multilayer perceptron: Dense layers of the `hidden` widths, then a linear Dense of `outputs` units."""
    widths = (Dense(units=n, activation=activation) for n in hidden)
    return sequential(Input(shape=(inputs,)), *widths, Dense(units=outputs, activation="linear"))
