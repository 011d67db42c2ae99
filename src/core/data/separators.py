"""Whether the cells of a column hold several labels each, and what joins them: "drama|comedy", "red, round"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from core.data import cells

SEPARATORS = ("|", ";", ",", " ")
LEAST_CELLS = 10
JOINED_SHARE = 0.1  # of the cells, at least, hold more than one label
RECURRENCE = 4  # times that a label stands in the cells on average, at least
REPEATED_SHARE = 0.01  # of the cells, at most, name a label twice: words in sentences do so more often
WORDLY = (",", " ")  # these stand in plain text as well, so more must speak for labels


def split(cell: str, separator: str) -> tuple[str, ...]:
    """The labels in a cell, each once, in their order."""
    return tuple(dict.fromkeys(_parts(cell, separator)))


def _parts(cell: str, separator: str) -> list[str]:
    return cell.split() if separator == " " else [part for each in cell.split(separator) if (part := each.strip())]


def guess(found: Iterable[str | None]) -> str:
    """The separator by which these cells fall into few labels that recur, or "" where none does."""
    filled = [text for cell in found if (text := (cell or "").strip()) and text not in cells.MISSING]
    if len(filled) < LEAST_CELLS:
        return ""
    return next((separator for separator in SEPARATORS if _joins(filled, separator)), "")


def _joins(filled: Sequence[str], separator: str) -> bool:
    parts = [split(cell, separator) for cell in filled]
    counts = Counter(label for labels in parts for label in labels)
    joined, total = sum(len(labels) > 1 for labels in parts), counts.total()
    if joined < JOINED_SHARE * len(filled) or len(counts) < 2 or total < RECURRENCE * len(counts):
        return False
    twice = sum(len(_parts(cell, separator)) > len(labels) for cell, labels in zip(filled, parts, strict=True))
    if separator not in WORDLY:
        return twice <= JOINED_SHARE * len(filled)
    # "Paris, France" always has two parts; "Iris setosa" and "New York" hardly combine; "1,5" is a number.
    varied = len({len(labels) for labels in parts}) > 1
    combined = len(set(filled)) > len(counts) * (2 if separator == " " else 1)
    words = sum(n for label, n in counts.items() if label[0].isalpha())
    return varied and combined and words >= 0.9 * total and twice <= REPEATED_SHARE * len(filled)


def likeliest(counts: dict[str, int]) -> str:
    """Of a column that is to be read as labels whatever it looks like; counts: of cells with each separator in them."""
    found = max(SEPARATORS, key=lambda separator: (counts[separator], -SEPARATORS.index(separator)))
    return found if counts[found] else SEPARATORS[0]
