"""Where rows come from and what is done with them: the values a person edits. `core.spec` holds the rest of a project.

Mappings and tuples inside these values are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from core import values
from core.data.augmentation import Augmentation
from core.data.choices import USUAL, ColumnChoice
from core.data.drawing import points_from_json
from core.errors import UserInputError

MOST_FOLDS = 100
MOST_PIXELS = 1024  # of one side of the images that a network gets


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
