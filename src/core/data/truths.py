"""Cells that say yes or no."""

from __future__ import annotations

from core.data import cells
from core.data.schema import ColumnProfile

TRUE = ("1", "true", "yes", "y", "t", "on", "x", "wahr", "ja", "vrai", "oui")
FALSE = ("0", "false", "no", "n", "f", "off", "falsch", "nein", "faux", "non")
WORDS = "yes and no, true and false, or 1 and 0"


def truth(label: str) -> bool | None:
    """What a cell says; None where it is neither yes nor no."""
    number = cells.number(label)
    word = label.strip().lower() if number is None else cells.label(number)
    return True if word in TRUE else False if word in FALSE else None


def tells_truth(column: ColumnProfile) -> bool:
    """Whether a column, as far as its profile shows, says yes or no in every filled cell."""
    if column.categories:
        told = [truth(label) for label, _ in column.categories]
        return column.distinct <= len(told) and None not in told
    return column.kind == "number" and column.distinct == 2 and (column.minimum, column.maximum) == (0.0, 1.0)
