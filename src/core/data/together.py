"""What several files that were opened together are to each other, by their names and columns; never a silent guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.images.labels import SPLITS
from core.data.schema import Together
from core.errors import UserInputError

if TYPE_CHECKING:
    from core.spec import DataSpec

PARTS, COLUMNS, ROWS = "parts", "columns", "rows"
WAYS = (PARTS, COLUMNS, ROWS)
FEATURES, TARGET = "features", "target"
_SIDES = {
    **dict.fromkeys(("x", "features", "feature", "inputs", "input", "data", "predictors"), FEATURES),
    **dict.fromkeys(("y", "labels", "label", "targets", "target", "classes", "class", "answers", "outputs"), TARGET),
}
# "xtrain", "test_y" written as one word.
_GLUED = re.compile(r"(x|y)(train|training|val|valid|validation|dev|test)|(train|training|val|valid|test)(x|y)")
_PACKED = (".gz", ".zst", ".bz2", ".zip")
LISTED = 5


@dataclass(frozen=True)
class Named:
    """What the name of a file says. part: "train", "validation", "test" or ""; side: FEATURES, TARGET or "", and the
    `word` that says it; rest: the words that say neither."""

    name: str
    part: str = ""
    side: str = ""
    rest: tuple[str, ...] = ()
    word: str = ""


@dataclass(frozen=True)
class Plan:
    """How files become one table: each of `groups` is the numbers of files side by side, the groups stand one below
    the other. part: of each group, "" where the split is not said."""

    how: str
    groups: tuple[tuple[int, ...], ...]
    part: tuple[str, ...] = ()


class WhichFile(UserInputError):
    """Several files that are no one table. files: their paths, of which one can be read alone. ways: how they could be
    put together where a person says so."""

    def __init__(
        self, what: str, *, where: str = "", reason: str = "", remedy: str = "",
        files: tuple[str, ...] = (), ways: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(what, where=where, reason=reason, remedy=remedy)
        self.files, self.ways = files, ways

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.where, self.reason, self.remedy, self.files, self.ways))


def _rebuild(
    what: str, where: str, reason: str, remedy: str, files: tuple[str, ...], ways: tuple[str, ...]
) -> WhichFile:
    return WhichFile(what, where=where, reason=reason, remedy=remedy, files=files, ways=ways)


def named(path: Path) -> Named:
    """What the name of a file says: "X_train.csv" holds the features of the training rows."""
    words = [word for token in _words(path) for word in _unglued(token)]
    part = next((SPLITS[word] for word in words if word in SPLITS), "")
    word = next((word for word in words if word in _SIDES), "")
    rest = tuple(word for word in words if word not in SPLITS and word not in _SIDES)
    return Named(path.name, part, _SIDES.get(word, ""), rest, word)


def _words(path: Path) -> list[str]:
    name = path.name
    for suffix in _PACKED:
        name = name.removesuffix(suffix)
    stem, _, ending = name.rpartition(".")
    # "adult.data" and "adult.test" say it in what stands for their format.
    kept = f"{stem} {ending}" if ending.lower() in SPLITS or not stem else stem
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", kept)
    return [word.lower() for word in re.findall(r"[^\W\d_]+|\d+", spaced)]


def _unglued(word: str) -> list[str]:
    found = _GLUED.fullmatch(word)
    return [group for group in found.groups() if group] if found else [word]


def plan(paths: Sequence[Path], names: Sequence[Sequence[str]], *, how: str = "") -> Plan:
    """How these files belong together. names: the columns of each; how: one of WAYS as a person says, "" = found out.

    Raises:
        UserInputError: `how` is none of WAYS, or these files cannot be put together so.
        WhichFile: it is not clear what they are to each other.
    """
    told = [named(path) for path in paths]
    if how not in ("", *WAYS):
        text = f"“{how}” is no way to put files together."
        raise UserInputError(text, where="data", remedy=f"Use one of: {', '.join(WAYS)}.")
    for way, found in ((PARTS, _by_parts), (COLUMNS, _side_by_side), (ROWS, _below)):
        if how in ("", way):
            made = found(told, names, sure=how == way)
            if made is not None:
                return made
    raise _unclear(told, names, how)


def _by_parts(told: Sequence[Named], names: Sequence[Sequence[str]], *, sure: bool) -> Plan | None:
    """train and test, or X_train, y_train, X_test and y_test."""
    parts = tuple(part for part in dict.fromkeys(SPLITS.values()) if any(each.part == part for each in told))
    alike = sure or len({_base(each) for each in told}) == 1
    if not all(each.part for each in told) or len(parts) < 2 or parts[0] != "train" or not alike:
        return None
    groups = [tuple(k for k, each in enumerate(told) if each.part == part) for part in parts]
    if all(len(group) == 1 for group in groups):
        return Plan(PARTS, tuple(groups), parts)
    pairs = [tuple(sorted(group, key=lambda k: told[k].side == TARGET)) for group in groups]
    sides = [[told[k].side for k in pair] for pair in pairs]
    if all(len(pair) == 2 and side[1] == TARGET != side[0] for pair, side in zip(pairs, sides, strict=True)):
        return Plan(PARTS, tuple(pairs), parts)
    return None


def _side_by_side(told: Sequence[Named], names: Sequence[Sequence[str]], *, sure: bool) -> Plan | None:
    """X and y. Where a person says so, any files; the answers come last."""
    order = tuple(sorted(range(len(told)), key=lambda k: told[k].side == TARGET))
    if sure:
        return Plan(COLUMNS, (order,))
    sides = [each.side for each in told]
    base = len({_base(each) for each in told}) == 1 and len({each.part for each in told}) == 1
    return Plan(COLUMNS, (order,)) if sorted(sides) == [FEATURES, TARGET] and base else None


def _below(told: Sequence[Named], names: Sequence[Sequence[str]], *, sure: bool) -> Plan | None:
    same = all(sorted(each) == sorted(names[0]) for each in names)
    return Plan(ROWS, tuple((k,) for k in range(len(told)))) if sure or same else None


def _base(each: Named) -> tuple[str, ...]:
    """What is left of a name, without numbers as of versions and parts."""
    return tuple(word for word in each.rest if not word.isdigit())


def _unclear(told: Sequence[Named], names: Sequence[Sequence[str]], how: str) -> WhichFile:
    listed = ", ".join(each.name for each in told[:LISTED]) + (" …" if len(told) > LISTED else "")
    first, other = told[0].name, next((k for k in range(1, len(told)) if sorted(names[k]) != sorted(names[0])), 0)
    reason = "Their names do not say what they are to each other"
    if other:
        reason += f", and the columns of {told[other].name} are not those of {first}"
    what = f"{listed}: it is not clear how these belong together."
    if how == PARTS:
        what, reason = f"{listed}: these are no training and test files.", "Their names must say train and test"
    remedy = "Open one of them alone, name them train and test or X and y, or say how they are put together."
    return WhichFile(what, reason=f"{reason}.", remedy=remedy)


def with_target(spec: DataSpec, together: Together | None) -> DataSpec:
    """A specification whose target, where none was chosen, is the column of answers that a file of its own gave."""
    if spec.target or together is None or not together.target or together.target in spec.excluded:
        return spec
    return replace(spec, target=together.target)


def adopted(spec: DataSpec, together: Together | None) -> DataSpec:
    """What several files say of the split, for a person to change: their parts decide it, the column with their names
    is left out of the features."""
    if together is None:
        return spec
    if together.part and not spec.split_by:
        spec = replace(spec, split="column", split_by=together.part)
    if together.file and together.file not in spec.excluded:
        spec = replace(spec, excluded=(*spec.excluded, together.file))
    return spec
