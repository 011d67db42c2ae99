"""What a column is, with the reason in words: number, category, boolean, date, text, identifier, constant or empty."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.data.dates import written
from core.errors import UserInputError

NUMBER_SHARE = 0.9
FEW_LABELS = 20
UNIQUE_SHARE = 0.9
MOST_WORDS = 4.0
LONG_TEXT = 40.0
MOST_CATEGORIES = 1000
LABELLED = ("category", "boolean")  # kinds of which each label is an input value
# Pairs of labels that say whether something is so, the one that says no first.
TRUTHS = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"), ("nein", "ja"), ("non", "oui"),
    ("no", "sí"), ("no", "si"),
)  # fmt: skip
WISHED = {"number": "numbers", "category": "categories", "date": "dates", "text": "words"}

_ID_NAME = re.compile(
    r"(?:^|[\s_.\-])(?:id|ids|idx|index|uuid|guid|nr|no|serial|row|rownames?)\.?$|^unnamed: 0$", re.IGNORECASE
)
_CAMEL_ID = re.compile(r"[a-z0-9]I[dD]$")


@dataclass(frozen=True)
class Facts:
    """What a first pass over a column counted.

    rows: of the table. filled: cells that are not missing. numbers: those that are finite numbers, `whole` of them
    without a fraction; infinite: those that overflow or say so. distinct: different values. bad_labels: different cells
    among the filled ones that are no numbers. codes: numbers with a leading zero. length, spaces: mean letters and
    spaces of a text. minimum, maximum: of the numbers, or of the moments where they are dates. dates: cells that are,
    counted where a sample has many.
    """

    index: int
    name: str
    rows: int
    columns: int
    filled: int
    numbers: int
    infinite: int
    whole: int
    distinct: int
    bad_labels: int
    codes: int
    length: float
    spaces: float
    minimum: float | None
    maximum: float | None
    dates: int = 0

    @property
    def invalid(self) -> int:
        """Cells that are neither missing nor a number."""
        return self.filled - self.numbers


@dataclass(frozen=True)
class Kind:
    name: str
    reason: str
    usable: bool


def guess(fact: Facts) -> Kind:
    """The kind of a column of which every cell is read alike; `usable` says whether it can be a feature by itself."""
    if fact.filled == 0:
        return Kind("empty", "No cell has a value.", usable=False)
    if fact.infinite == fact.filled:
        return Kind("empty", "No cell has a finite number.", usable=False)
    if fact.distinct == 1:
        return Kind("constant", "Every filled cell holds the same value.", usable=False)
    if fact.numbers >= NUMBER_SHARE * (fact.filled - fact.infinite):
        return _of_numbers(fact)
    return _of_text(fact)


def _of_numbers(fact: Facts) -> Kind:
    if fact.codes:
        return _of_text(fact, "Numbers with leading zeros are codes.")
    strange = fact.invalid - fact.infinite
    if strange > fact.bad_labels and fact.distinct <= FEW_LABELS:
        return Kind("category", "Few different values, and words that recur among them.", usable=True)
    unique = fact.whole == fact.rows and fact.distinct >= 0.97 * fact.rows and fact.rows > 2
    if unique and _named_like_an_identifier(fact.name):
        reason = "A different whole number in every row, under the name of an identifier."
        return Kind("identifier", reason, usable=False)
    if unique and fact.index == 0 and fact.columns > 3 and _is_count(fact):
        return Kind("identifier", "The first column counts the rows.", usable=False)
    if fact.invalid:
        return Kind("number", f"Numbers, apart from {_cells(fact.invalid)}.", usable=True)
    return Kind("number", "Whole numbers." if fact.whole == fact.numbers else "Numbers.", usable=True)


def _of_text(fact: Facts, reason: str = "") -> Kind:
    if fact.dates >= NUMBER_SHARE * fact.filled:
        return _of_dates(fact)
    share = fact.distinct / fact.filled
    if fact.spaces >= MOST_WORDS and share > 0.5:
        return Kind("text", "Sentences that hardly recur.", usable=False)
    if fact.distinct > 2 and share > UNIQUE_SHARE and fact.filled > 4:
        if fact.length > LONG_TEXT:
            return Kind("text", "Long texts that hardly recur.", usable=False)
        return Kind("identifier", "Nearly every row has its own value.", usable=False)
    if share > 0.5 and _named_like_an_identifier(fact.name):
        return Kind("identifier", "Named like an identifier, and most values occur once.", usable=False)
    if fact.distinct > MOST_CATEGORIES and share > 0.5:
        return Kind("text", "Too many different values to be categories.", usable=False)
    return Kind("category", reason or f"{fact.distinct:,} different labels.", usable=True)


def _of_dates(fact: Facts) -> Kind:
    span = (
        f" {written(fact.minimum)} to {written(fact.maximum)}" if fact.minimum is not None is not fact.maximum else ""
    )
    apart = f", apart from {_cells(fact.filled - fact.dates)}" if fact.dates < fact.filled else ""
    return Kind("date", f"Dates,{span}{apart}.", usable=True)


def truths(labels: Collection[str]) -> tuple[str, str] | None:
    """The two labels of a column that says whether something is so, no first; None where it says something else."""
    found = {label.lower(): label for label in labels}
    for no, yes in TRUTHS if len(labels) == len(found) == 2 else ():
        if set(found) == {no, yes}:
            return found[no], found[yes]
    return None


def check_wishes(kinds: Mapping[str, str]) -> None:
    """Raises UserInputError where a column is to be read as what is no kind."""
    for name, kind in kinds.items():
        if kind not in WISHED:
            remedy = f"Read it as one of: {', '.join(WISHED)}."
            raise UserInputError(f"“{kind}” is no kind of column.", where=f"column {name}", remedy=remedy)


def overruled(fact: Facts, kind: Kind, wish: str) -> Kind:
    """The kind that a person wants (one of `WISHED`, "" for none), where the column has values for it.

    Raises:
        UserInputError: a column without a single number or date is to be read as such, or numbers as words.
    """
    if wish == "" or (wish == kind.name and kind.usable) or kind.name == "empty":
        return kind
    one = {"number": "a number", "date": "a date"}.get(wish, "")
    if one and not (fact.numbers if wish == "number" else fact.dates):
        raise UserInputError(
            f"“{fact.name}” cannot be read as {WISHED[wish]}.",
            where=f"column {fact.name}",
            reason=f"None of its cells is {one}.",
            remedy="Read it as categories, or leave it out.",
        )
    if wish == "text" and fact.numbers >= NUMBER_SHARE * fact.filled:
        remedy = "Read it as numbers or categories."
        raise UserInputError(f"“{fact.name}” holds numbers, not words.", where=f"column {fact.name}", remedy=remedy)
    if kind.name == "constant":
        return kind
    return Kind(wish, f"Read as {WISHED[wish]} because you chose so.", usable=True)


def _is_count(fact: Facts) -> bool:
    if fact.minimum is None or fact.maximum is None:
        return False
    return fact.minimum in (0.0, 1.0) and fact.maximum - fact.minimum == fact.rows - 1


def _named_like_an_identifier(name: str) -> bool:
    return bool(_ID_NAME.search(name) or _CAMEL_ID.search(name))


def _cells(count: int) -> str:
    return "one cell" if count == 1 else f"{count:,} cells"
