"""Several files as one table: side by side, one below the other, or both, without a copy of any."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from core.data import digest
from core.data.cells import sql_number, sql_text
from core.data.progress import Progress
from core.data.readers import read
from core.data.readers.base import Options, RawTable, Rejected
from core.data.readers.transcribe import check_columns
from core.data.schema import Finding, Together
from core.data.table import unique_names
from core.data.together import COLUMNS, PARTS, ROWS, TARGET, Named, Plan, WhichFile, named, plan
from core.data.workspace import Workspace, lost
from core.errors import UserInputError

PART, FILE = "part", "file"
MOST_FILES = 200
SAMPLED = 1000
LISTED = 5
NOWHERE = 10**6  # where columns go that are left out
_NUMBERED = re.compile(r"column \d+")


@dataclass(frozen=True)
class _Piece:
    """What stands in a file, or in files side by side. label: for messages; target: the column of the answers."""

    label: str
    raw: RawTable
    target: str = ""


def join(
    paths: Sequence[Path], work: Workspace, *, how: str, options: Options, progress: Progress
) -> tuple[RawTable, Together]:
    """The table that these files are together. how: one of `together.WAYS`, "" = found out.

    Raises:
        WhichFile: they are no one table.
        UserInputError: what is wrong with one of them, which `where` names.
    """
    if len(paths) > MOST_FILES:
        what, reason = "These are too many files.", f"There are {len(paths):,}; at most {MOST_FILES} become one table."
        raise UserInputError(what, reason=reason, remedy="Put them into fewer files.")
    files = [_opened(k, path, work, options, progress) for k, path in enumerate(paths)]
    labels = digest.labels(paths)
    pieces = [_Piece(label, raw) for label, raw in zip(labels, files, strict=True)]
    try:
        made = plan(paths, [raw.names for raw in files], how=how)
        groups = [_beside([pieces[k] for k in group], [named(paths[k]) for k in group], work) for group in made.groups]
        if made.how == COLUMNS:
            only = groups[0]
            said = f"“{only.target}” is to be predicted." if only.target else "The rows belong together in their order."
            return only.raw, Together(COLUMNS, f"{_and(labels)} stand side by side. {said}", target=only.target)
        return _below(groups, made, work)
    except WhichFile as err:
        err.files, err.ways = tuple(map(str, paths)), _ways(pieces, work, how)
        raise


def _opened(k: int, path: Path, work: Workspace, options: Options, progress: Progress) -> RawTable:
    """A file, read in a folder of its own within the work folder; every column under a name of its own."""
    own = work.folder / f"file-{k}"
    try:
        own.mkdir()
        raw = read(path, replace(work, folder=own), options=options, progress=progress)
    except (duckdb.IOException, OSError) as err:
        raise lost(err, path) from err
    names, renamed = unique_names(raw.names)
    found = tuple(replace(each, text=f"{path.name}: {each.text}") for each in (*raw.findings, *renamed))
    return replace(raw, names=names, findings=found, size=raw.size or path.stat().st_size)


# --- side by side


def _beside(pieces: Sequence[_Piece], told: Sequence[Named], work: Workspace) -> _Piece:
    """Files whose rows belong together in their order; the last one may hold the answers."""
    if len(pieces) == 1:
        return pieces[0]
    counts = [_count(piece, work) for piece in pieces]
    for piece, count in zip(pieces[1:], counts[1:], strict=True):
        if count != counts[0]:
            raise WhichFile(
                f"{pieces[0].label} and {piece.label} have different numbers of rows.", where=piece.label,
                reason=f"There are {counts[0]:,} and {count:,} rows, so that they cannot stand side by side.",
                remedy="Open the files that belong together, or one of them alone.",
            )  # fmt: skip
    raws = [piece.raw for piece in pieces]
    if told[-1].side == TARGET and len(raws[-1].names) == 1 and _NUMBERED.fullmatch(raws[-1].names[0]):
        raws[-1] = replace(raws[-1], names=(told[-1].word,))
    names, renamed = unique_names(tuple(name for raw in raws for name in raw.names))
    check_columns(len(names), pieces[0].label, work.budget)
    comma = _common_comma(raws)
    starts = [sum(len(raw.names) for raw in raws[:k]) for k in range(len(raws))]

    def relation(numbers: Collection[int], strict: bool, at: Sequence[int] = ()) -> str:
        place = at or range(len(names))
        parts = []
        for raw, start in zip(raws, starts, strict=True):
            own = place[start : start + len(raw.names)]
            chosen = {j for j in range(len(raw.names)) if start + j in numbers}
            parts.append(_scan(raw, chosen, strict, own, plain=comma is None))
        return f"(SELECT * FROM {' POSITIONAL JOIN '.join(parts)})"

    rows = zip(*(raw.sample for raw in raws), strict=False)
    places = [{j: start + j for j in range(len(raw.names))} for raw, start in zip(raws, starts, strict=True)]
    joined = replace(
        _common(raws), relation=relation, names=names, decimal_comma=bool(comma), rejected=lambda: ((), 0),
        sample=tuple(tuple(cell for part in row for cell in part) for row in rows),
        findings=(*(each for raw in raws for each in raw.findings), *renamed),
        numeric=_numeric(list(zip(raws, places, strict=True)), all_of_them=False),
    )  # fmt: skip
    target = names[-1] if told[-1].side == TARGET else ""
    return _Piece(_and([piece.label for piece in pieces]), joined, target)


def _count(piece: _Piece, work: Workspace) -> int:
    """Rows of a file of which none may be skipped: all after it would stand beside the rows of others."""
    # DuckDB notes the rows that do not fit once the query has been read to its end.
    [(found,)] = work.con.execute(f"SELECT count(*) FROM {piece.raw.relation((), False)}").fetchall()
    rows, count = piece.raw.rejected()
    if count:
        raise UserInputError(
            "A row of this file does not fit the others.", where=f"{piece.label}, line {rows[0].line:,}",
            reason=f"It has {rows[0].reason}. Without it, the rows below would stand beside the wrong ones.",
            remedy="Mend that line.",
        )  # fmt: skip
    return int(found)


# --- one below the other


def _below(pieces: Sequence[_Piece], made: Plan, work: Workspace) -> tuple[RawTable, Together]:
    """The rows of all, with a column that says where each comes from; columns may stand in any order."""
    first = pieces[0]
    own = first.raw.names
    for other in pieces[1:]:
        _check_columns(first, other, made.how)
    extra = unique_names((*own, PART if made.how == PARTS else FILE))[0][-1]
    check_columns(len(own) + 1, first.label, work.budget)
    raws = [piece.raw for piece in pieces]
    places = [{j: own.index(name) for j, name in enumerate(raw.names) if name in own} for raw in raws]
    marks = made.part or tuple(piece.label for piece in pieces)
    comma = _common_comma(raws)

    def relation(numbers: Collection[int], strict: bool, at: Sequence[int] = ()) -> str:
        place = at or range(len(own) + 1)
        wanted = ", ".join(f"c{place[i]}" for i in range(len(own)))
        selects = []
        for raw, mark, columns in zip(raws, marks, places, strict=True):
            chosen = {j for j, i in columns.items() if i in numbers}
            there = [place[columns[j]] if j in columns else NOWHERE + j for j in range(len(raw.names))]
            scan = _scan(raw, chosen, strict, there, plain=comma is None)
            selects.append(f"SELECT {wanted}, {sql_text(mark)} AS c{place[len(own)]} FROM {scan}")
        return f"({' UNION ALL '.join(selects)})"

    each = max(20, SAMPLED // len(raws))
    sample = [
        (*(row[{i: j for j, i in columns.items()}[i]] for i in range(len(own))), mark)
        for raw, mark, columns in zip(raws, marks, places, strict=True) for row in raw.sample[:each]
    ]  # fmt: skip
    joined = replace(
        _common(raws), relation=relation, names=(*own, extra), sample=tuple(sample), decimal_comma=bool(comma),
        findings=(*(found for raw in raws for found in raw.findings), *_left_out(pieces, own)),
        rejected=lambda: _rejected(pieces), numeric=_numeric(list(zip(raws, places, strict=True)), all_of_them=True),
    )  # fmt: skip
    return joined, _told(made, pieces, extra)


def _check_columns(first: _Piece, other: _Piece, how: str) -> None:
    lacking = [name for name in first.raw.names if name not in other.raw.names]
    if lacking:
        listed = ", ".join(f"“{name}”" for name in lacking[:LISTED]) + (" …" if len(lacking) > LISTED else "")
        columns = "the column" if len(lacking) == 1 else "the columns"
        remedy = "Give all files the same columns, in any order, or open one of them alone."
        if how == PARTS and len(lacking) == 1:
            remedy = f"Without answers it cannot test: open {first.label} alone, and {other.label} under Predict."
        what = f"{other.label} lacks {columns} {listed} of {first.label}."
        raise WhichFile(what, where=other.label, remedy=remedy)


def _left_out(pieces: Sequence[_Piece], names: Sequence[str]) -> list[Finding]:
    found = []
    for piece in pieces:
        more = [name for name in piece.raw.names if name not in names]
        if more:
            listed = ", ".join(f"“{name}”" for name in more[:LISTED]) + (" …" if len(more) > LISTED else "")
            found.append(Finding("info", f"Left out, because not all files have it: {listed} of {piece.label}."))
    return found


def _rejected(pieces: Sequence[_Piece]) -> Rejected:
    rows, total = [], 0
    for piece in pieces:
        found, count = piece.raw.rejected()
        rows += [replace(row, reason=f"{piece.label}: {row.reason}") for row in found]
        total += count
    return tuple(rows), total


def _told(made: Plan, pieces: Sequence[_Piece], extra: str) -> Together:
    if made.how == PARTS:
        verbs = {"train": "trains", "validation": "validates", "test": "tests"}
        listed = [f"{piece.label} {verbs[part]}" for piece, part in zip(pieces, made.part, strict=True)]
        text = f"{_and(listed)}: the column “{extra}” decides the split."
        return Together(PARTS, text, part=extra, target=pieces[0].target)
    files = _and([piece.label for piece in pieces])
    return Together(ROWS, f"{files} stand one below the other: the column “{extra}” says which.", file=extra)


# --- of both


def _common(raws: Sequence[RawTable]) -> RawTable:
    """What is told of the reading: of the first file, as far as all have it."""
    first = raws[0]
    return replace(
        first,
        encoding=first.encoding if all(raw.encoding == first.encoding for raw in raws) else "",
        delimiter=first.delimiter if all(raw.delimiter == first.delimiter for raw in raws) else "",
        header=all(raw.header for raw in raws),
        size=sum(raw.size for raw in raws),
        parts=first.parts if all(raw.parts == first.parts for raw in raws) else (),
        row_shape=(),
    )


def _common_comma(raws: Sequence[RawTable]) -> bool | None:
    """Whether all write "1,5" for a number; None where only some do, whose numbers are then written with points."""
    found = {raw.decimal_comma for raw in raws}
    return found.pop() if len(found) == 1 else None


def _scan(raw: RawTable, numbers: Collection[int], strict: bool, at: Sequence[int], *, plain: bool) -> str:
    """The relation of a file whose column j is called c{at[j]}. plain: with points in numbers."""
    scan = raw.relation(numbers, strict, at)
    if not (plain and raw.decimal_comma):
        return scan
    columns = (f"c{i}" if j in numbers else _with_point(f"c{i}") for j, i in enumerate(at))
    return f"(SELECT {', '.join(columns)} FROM {scan})"


def _with_point(column: str) -> str:
    number = sql_number(column, decimal_comma=True)
    return f"CASE WHEN ({number}) IS NULL THEN {column} ELSE replace({column}, ',', '.') END AS {column}"


def _numeric(raws: Sequence[tuple[RawTable, dict[int, int]]], *, all_of_them: bool) -> frozenset[int] | None:
    """The columns of the joined table that its formats hold as numbers. raws: each with the places of its columns.

    all_of_them: a column comes from every file, so that all have to.
    """
    if all(raw.numeric is None for raw, _ in raws):
        return None
    found = [frozenset(places[j] for j in raw.numeric or () if j in places) for raw, places in raws]
    return frozenset.intersection(*found) if all_of_them else frozenset().union(*found)


def _ways(pieces: Sequence[_Piece], work: Workspace, how: str) -> tuple[str, ...]:
    """How files can be put together where a person says so."""
    ways = []
    if how != ROWS and all(set(pieces[0].raw.names) <= set(piece.raw.names) for piece in pieces):
        ways.append(ROWS)
    try:
        if how != COLUMNS and len({_count(piece, work) for piece in pieces}) == 1:
            ways.append(COLUMNS)
    except UserInputError:
        pass  # a file with rows that do not fit can only be read alone
    return tuple(ways)


def _and(words: Sequence[str]) -> str:
    shown = [*words[:LISTED], f"{len(words) - LISTED} more"] if len(words) > LISTED + 1 else list(words)
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
