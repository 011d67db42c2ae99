"""How a person wants a column prepared, where the usual way is overruled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from core.data.preprocess import DATE_PARTS
from core.errors import UserInputError

MOST_RARE = 1_000_000
MOST_WIDTH = 2**14
USUAL_WIDTH = 128


@dataclass(frozen=True)
class ColumnChoice:
    """Each field is left at "", 0 or () for the usual way; what does not concern the kind of the column plays no part.

    missing: what stands in for missing cells: "mean" or "most frequent" or "zero" of numbers, instead of the median;
    "own" of labels: a category of its own, instead of the most frequent one. indicator: one more input value says where
    a cell is missing. scaling of numbers: "min-max", "robust" or "none", instead of mean and deviation. encoding of
    labels: "one-hot" for all of them, instead of the 64 most frequent, or "embedding". rare: labels with fewer training
    rows than this count as one. parts: of dates, some of `DATE_PARTS`. width: input values of a text.
    """

    missing: str = ""
    indicator: bool = False
    scaling: str = ""
    encoding: str = ""
    rare: int = 0
    parts: tuple[str, ...] = ()
    width: int = 0

    MISSING: ClassVar[tuple[str, ...]] = ("", "mean", "most frequent", "own", "zero")
    SCALINGS: ClassVar[tuple[str, ...]] = ("", "min-max", "robust", "none")
    ENCODINGS: ClassVar[tuple[str, ...]] = ("", "one-hot", "embedding")

    def __bool__(self) -> bool:
        return self != ColumnChoice()

    def to_json(self) -> dict[str, Any]:
        """What is not left to the usual way."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items() if v}

    @classmethod
    def from_json(cls, data: Any, *, where: str = "data") -> Self:
        """The inverse of `to_json`; raises UserInputError for anything malformed."""
        known = {field.name: type(field.default) for field in fields(cls)}
        if not isinstance(data, Mapping) or not set(data) <= set(known):
            raise UserInputError("The choices for a column are malformed.", where=where, reason=f"Got {data!r:.100}.")
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        for name, value in plain.items():
            if type(value) is not known[name]:
                raise UserInputError(f"“{name}” of a column cannot be {value!r:.60}.", where=where)
        made = cls(**plain)
        made.check(where)
        return made

    def check(self, where: str) -> None:
        """Raises UserInputError for a value that does not exist."""
        for name, known in (("missing", self.MISSING), ("scaling", self.SCALINGS), ("encoding", self.ENCODINGS)):
            value = getattr(self, name)
            if value not in known:
                remedy = f"Use one of: {', '.join(choice for choice in known if choice)}."
                raise UserInputError(f"“{value}” is no choice for “{name}”.", where=where, remedy=remedy)
        if not all(isinstance(part, str) for part in self.parts) or not set(self.parts) <= set(DATE_PARTS):
            remedy = f"Use some of: {', '.join(DATE_PARTS)}."
            raise UserInputError("These are no parts of a date.", where=where, remedy=remedy)
        for name, most in (("rare", MOST_RARE), ("width", MOST_WIDTH)):
            if not 0 <= getattr(self, name) <= most:
                raise UserInputError(f"“{name}” of a column must be within 0 to {most:,}.", where=where)


USUAL = ColumnChoice()
