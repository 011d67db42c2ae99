"""The values a person edits: network, training, data, project. All frozen; `core.edits` makes new ones.

Mappings and tuples inside these values are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from core import losses, values
from core.data.augmentation import Augmentation
from core.data.choices import USUAL, ColumnChoice
from core.data.drawing import points_from_json
from core.errors import UserInputError
from core.layers import Layer, layer_from_json, layer_to_json
from core.layers.dense import Dense
from core.layers.input import Input
from core.optimizers import Adam, Optimizer, optimizer_from_json, optimizer_to_json
from core.schedules import Constant, Schedule, schedule_from_json, schedule_to_json
from core.values import hyper

MOST_LAYERS = 1000
MOST_EDGES = 10_000
MOST_FOLDS = 100
MOST_PIXELS = 1024  # of one side of the images that a network gets


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
class DataSource:
    """Where rows come from. kind "file": path, sha256; "sample": name; "generator": name, rows, noise, seed, choices
    (what that generator can be asked for besides); "drawn": name, points (see `core.data.drawing`).

    How a file is read where the guess is overruled, "" = guessed. part: the sheet, table, array or member. encoding: by
    its usual name. delimiter: one character. header: "yes" or "no". decimal: "." or ",".
    also: paths of files that belong to the first one: they were dropped together. joined: how they make one table,
    "parts" (train and test), "columns" (side by side) or "rows" (one below the other); "" = found out.
    shape: what an array is read as, "images" or "table".
    """

    kind: str
    name: str = ""
    path: str = ""
    sha256: str = ""
    rows: int = 400
    noise: float = 0.1
    seed: int = 7
    part: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    decimal: str = ""
    choices: Mapping[str, int | float | str] = field(default_factory=dict)
    points: tuple[tuple[float, ...], ...] = ()
    also: tuple[str, ...] = ()
    joined: str = ""
    shape: str = ""

    READING: ClassVar[tuple[str, ...]] = ("part", "encoding", "delimiter", "header", "decimal", "joined", "shape")
    LATER: ClassVar[tuple[str, ...]] = (*READING, "choices", "points", "also")

    def to_json(self) -> dict[str, Any]:
        """All fields, except choices that were left to the guess: earlier versions do not know them."""
        plain = {**vars(self), "choices": dict(self.choices), "points": [list(point) for point in self.points]}
        plain["also"] = list(self.also)
        return {name: value for name, value in plain.items() if value or name not in self.LATER}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; raises KeyError, TypeError or ValueError."""
        plain = _typed(cls, {k: v for k, v in data.items() if k not in ("choices", "points", "also")})
        also = data.get("also", ())
        if not isinstance(also, (list, tuple)) or any(type(path) is not str for path in also):
            raise TypeError(f"also = {also!r}")
        choices = dict(data.get("choices", {}))
        if any(type(k) is not str or type(v) not in (int, float, str) for k, v in choices.items()):
            raise TypeError(f"choices = {choices!r}")
        return cls(**plain, choices=choices, points=points_from_json(data.get("points", ())), also=tuple(also))


@dataclass(frozen=True)
class DataSpec:
    """A source and what to do with it.

    target: the column to predict, "" = the guess. task: "auto", "classification", "regression" or "labels" (several a
    row): then the cells of the target hold labels joined by `separator`, "" = the guess, or `targets` are further
    columns beside it, and each says in yes and no whether a row has the label that it is called after.
    excluded: columns left out. kinds: column name → "number", "category", "date" or "text" where the person overrules
    the guess. columns: column name → how it is prepared; the name "" holds for all columns that have no choice.
    validation, test: shares of all rows. split: which rows make the parts, keyed by `seed`: "stratified" by class,
    "quantile" by tenths of the numbers of a regression, "random", or by the column `split_by`, which is then no
    feature: "group" (rows of one value stay together), "time" (the latest validate and test) or "column" (its cells
    name the part; the shares play no part).
    logs: columns of numbers that enter as log(1 + x).
    folds, fold: cross-validation. folds 0: none; else the rows that do not test are divided into so many folds, as
    `split` says ("column": by class), of which number `fold` validates and the others train; the validation share then
    plays no part. By "time", a fold validates on what comes after all that it trains on.
    drop_duplicates: of rows that are alike cell by cell, only the first is used.
    dates: whether columns of dates are found by themselves; in projects of before this was possible they are not.
    Images: height, width, channels that the network gets, 0 = guessed. augmentation: of the training rows.
    """

    source: DataSource
    target: str = ""
    task: str = "auto"
    excluded: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    validation: float = 0.2
    test: float = 0.2
    seed: int = 7
    height: int = 0
    width: int = 0
    channels: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    split: str = "stratified"
    split_by: str = ""
    drop_duplicates: bool = False
    logs: tuple[str, ...] = ()
    columns: Mapping[str, ColumnChoice] = field(default_factory=dict)
    folds: int = 0
    fold: int = 0
    targets: tuple[str, ...] = ()
    separator: str = ""
    dates: bool = True

    SPLITS: ClassVar[tuple[str, ...]] = ("stratified", "quantile", "random")
    COLUMN_SPLITS: ClassVar[tuple[str, ...]] = ("group", "time", "column")
    NOT_PLAIN: ClassVar[tuple[str, ...]] = (
        "source", "excluded", "kinds", "augmentation", "drop_duplicates", "logs", "columns", "targets", "dates",
    )  # fmt: skip

    def choice(self, column: str) -> ColumnChoice:
        """How that column is to be prepared."""
        return self.columns.get(column, self.columns.get("", USUAL))

    def to_json(self) -> dict[str, Any]:
        """All fields, except of the later ones what was left as it is: earlier versions do not know them."""
        plain = {name: getattr(self, name) for name in ("target", "task", "validation", "test", "seed")}
        unless_empty = ("height", "width", "channels", "split_by", "folds", "fold", "separator")
        later = {name: getattr(self, name) for name in unless_empty if getattr(self, name)}
        if self.split != "stratified":
            later["split"] = self.split
        for name in ("drop_duplicates", "dates"):
            if getattr(self, name):
                later[name] = True
        if self.logs:
            later["logs"] = list(self.logs)
        if self.targets:
            later["targets"] = list(self.targets)
        # A usual choice says something where there is another for all columns.
        told = {name: choice.to_json() for name, choice in self.columns.items() if choice or "" in self.columns}
        if told:
            later["columns"] = told
        if self.augmentation:
            later["augmentation"] = self.augmentation.to_json()
        columns = {"excluded": list(self.excluded), "kinds": dict(self.kinds)}
        return {"source": self.source.to_json(), **plain, **columns, **later}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; raises UserInputError for anything malformed."""
        try:
            source = DataSource.from_json(dict(data["source"]))
            rest = _typed(cls, {k: v for k, v in data.items() if k not in cls.NOT_PLAIN})
            excluded = tuple(str(name) for name in data.get("excluded", ()))
            logs = tuple(str(name) for name in data.get("logs", ()))
            targets = tuple(str(name) for name in data.get("targets", ()))
            kinds = {str(k): str(v) for k, v in dict(data.get("kinds", {})).items()}
            columns = {str(k): ColumnChoice.from_json(v) for k, v in dict(data.get("columns", {})).items()}
            flags = {name: data.get(name, False) for name in ("drop_duplicates", "dates")}
            if any(type(flag) is not bool for flag in flags.values()):
                raise TypeError(f"{flags}")
            varied = values.from_json(Augmentation, dict(data.get("augmentation", {})), where="augmentation")
        except (KeyError, TypeError, ValueError) as err:
            raise UserInputError("The data settings are malformed.", where="data", reason=str(err)) from err
        own_values: dict[str, Any] = {"excluded": excluded, "kinds": kinds, "augmentation": varied, "logs": logs}
        own_values |= {"columns": columns, "targets": targets}
        made = cls(source, **flags, **own_values, **rest)
        if not all(0 <= n <= MOST_PIXELS for n in (made.height, made.width)) or made.channels not in (0, 1, 3):
            reason = f"Sides have 1 to {MOST_PIXELS} pixels, and 1 channel is grey, 3 are colours."
            raise UserInputError("The images cannot have this size.", where="data", reason=reason)
        if not (0 <= made.validation < 1 and 0 <= made.test < 1 and made.validation + made.test < 1):
            raise UserInputError("Validation and test shares must leave rows to train on.", where="data")
        made._check_targets()
        made._check_split()
        return made

    def _check_targets(self) -> None:
        all_ = (self.target, *self.targets)
        if self.targets and ("" in all_ or len(set(all_)) != len(all_)):
            text = "Several targets need a name each, all different."
            raise UserInputError(text, where="data", remedy="Name every column to predict once.")

    def _check_split(self) -> None:
        if (self.folds and not 2 <= self.folds <= MOST_FOLDS) or not 0 <= self.fold < max(1, self.folds):
            text = f"The rows cannot be divided into {self.folds} folds." if not self.fold else "There is no such fold."
            raise UserInputError(text, where="data", remedy=f"Use 2 to {MOST_FOLDS} folds, or 0 for none.")
        known = (*self.SPLITS, *(f"{kind}:COLUMN" for kind in self.COLUMN_SPLITS))
        remedy = f"Use one of: {', '.join(known)}."
        if self.split not in (*self.SPLITS, *self.COLUMN_SPLITS):
            raise UserInputError(f"“{self.split}” is no way to split the rows.", where="data", remedy=remedy)
        if (self.split in self.COLUMN_SPLITS) != bool(self.split_by):
            raise UserInputError("This split and its column do not fit each other.", where="data", remedy=remedy)
        if self.split_by and self.split_by in (self.target, *self.targets):
            text = f"“{self.split_by}” cannot be predicted and split the rows too."
            raise UserInputError(text, where="data", remedy="Choose another target, or another split.")


def _typed(cls: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    """`data` with every value of the type that the dataclass annotates; raises TypeError."""
    kinds = {"str": (str,), "int": (int,), "float": (int, float)}
    for name, value in data.items():
        wanted = kinds.get(cls.__annotations__.get(name, ""))
        if wanted is None or isinstance(value, bool) or not isinstance(value, wanted):
            raise TypeError(f"{name} = {value!r}")
    return data


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
