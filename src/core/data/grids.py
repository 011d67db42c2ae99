"""Columns that are the pixels of one picture: none may be missing from it, also if it is the same in every row."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

from core.data.profile import Column

LEAST = 16  # columns, below which numbered names mean nothing
REASON = "The same in every row, but a place of the picture that these columns make."
_NUMBERED = re.compile(r"(.*?)(\d+)(?:\D(\d+))?$")


def completed(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns, where those that hold one number only count as numbers if they belong to a picture."""
    whole = {name for names in pictures(columns) for name in names}
    return tuple(_as_number(c) if c.name in whole and c.kind == "constant" else c for c in columns)


def pictures(columns: Iterable[Column]) -> list[list[str]]:
    """Names of columns that make a picture: numbered pixel_0_0, pixel_0_1, ... as a full rectangle, or px1, px2, ... in
    one run of as many as a square picture has, in grey or colours; whole numbers or shares that are never negative."""
    groups: dict[tuple[str, bool], dict[tuple[int, ...], str]] = {}
    for column in columns:
        found = _NUMBERED.match(column.name)
        if found is None or not _is_brightness(column):
            continue
        prefix, *numbers = found.groups()
        place = tuple(int(n) for n in numbers if n is not None)
        groups.setdefault((prefix, len(place) == 2), {})[place] = column.name
    return [list(group.values()) for group in groups.values() if _is_picture(list(group))]


def _is_brightness(column: Column) -> bool:
    facts = column.facts
    return facts.numbers == facts.rows > 0 and facts.minimum is not None and facts.minimum >= 0


def _is_picture(places: list[tuple[int, ...]]) -> bool:
    count = len(places)
    if count < LEAST:
        return False
    spans = [max(axis) - min(axis) + 1 for axis in zip(*places, strict=True)]
    if math.prod(spans) != count:
        return False
    return len(spans) == 2 or any(
        count % depth == 0 and math.isqrt(count // depth) ** 2 * depth == count for depth in (1, 3)
    )


def _as_number(column: Column) -> Column:
    return replace(column, profile=replace(column.profile, kind="number", reason=REASON, usable=True))
