"""What a file format gives: a table of text cells. One reader is one file in this folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.data.progress import Progress
from core.data.schema import Finding, RejectedRow, Together
from core.data.workspace import Workspace
from core.errors import UserInputError

LISTED_PARTS = 12
REASON_LENGTH = 300


@dataclass(frozen=True)
class Options:
    """What a person wants read otherwise than guessed; "" leaves it to the guess.

    part: the sheet, table, array or member. encoding: a name that Python knows. delimiter: one character.
    header: "yes" or "no". decimal: "." or ",".
    """

    part: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    decimal: str = ""


Rejected = tuple[tuple[RejectedRow, ...], int]


def _none_rejected() -> Rejected:
    return (), 0


class Relation(Protocol):
    """See `RawTable.relation`."""

    def __call__(self, numbers: Collection[int], strict: bool, at: Sequence[int] = ()) -> str: ...


@dataclass(frozen=True)
class RawTable:
    """A table as its format holds it.

    relation(numbers, strict, at): what stands after FROM in SQL, with columns c0, c1, ..., or c{at[0]}, c{at[1]}, ...
    where `at` is given; NULL where a cell is empty; DOUBLE for those in `numbers`, else text. Where strict, a cell that
    is no number or a row that does not fit fails the scan with a duckdb.Error; else such rows are kept apart and told
    by `rejected`, called after the scan: the first of them and how many there are.
    names: as written, "" where blank. sample: the first rows. encoding, delimiter: "" where the format has none.
    decimal_comma: whether "1,5" is a number. numeric: the columns that the format itself holds as numbers; None where
    all of it is text. size: bytes of the table once unpacked, 0 = those of the file. parts: what the file has to
    choose from, and which `part` this is. row_shape: of one row whose columns are its entries in C order, () = flat.
    together: how several files became this table.
    """

    relation: Relation
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    encoding: str = ""
    delimiter: str = ""
    header: bool = True
    decimal_comma: bool = False
    findings: tuple[Finding, ...] = ()
    rejected: Callable[[], Rejected] = field(default=_none_rejected)
    numeric: frozenset[int] | None = None
    size: int = 0
    parts: tuple[str, ...] = ()
    part: str = ""
    row_shape: tuple[int, ...] = ()
    format: str = ""
    together: Together | None = None


class Reader(Protocol):
    """A file format. `suffixes` are in lower case with their dot; `label` is for people."""

    label: str
    suffixes: tuple[str, ...]

    def accepts(self, path: Path, head: bytes) -> bool:
        """Whether this file, of which `head` are the first bytes, is of this format."""
        ...

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """The table in the file; its rows are scanned later. Raises UserInputError for what cannot be read."""
        ...


def choose(wanted: str, parts: Sequence[str], *, where: str, kind: str) -> str:
    """The part that was asked for, or the first. kind: what the parts are called, "sheet".

    Raises:
        UserInputError: there is none of that name.
    """
    if wanted and wanted not in parts:
        listed = ", ".join(f"“{part}”" for part in parts[:LISTED_PARTS])
        more = f" and {len(parts) - LISTED_PARTS:,} more" if len(parts) > LISTED_PARTS else ""
        raise UserInputError(
            f"This file has no {kind} “{wanted}”.", where=where, remedy=f"Choose one of: {listed}{more}."
        )
    return wanted or parts[0]


def damaged(where: str, label: str, reason: object) -> UserInputError:
    """The refusal of a file that its own library cannot read."""
    text = " ".join(str(reason).split())
    return UserInputError(
        f"This {label} file is damaged.",
        where=where,
        reason=f"{text[:REASON_LENGTH].rstrip('.')}." if text else "",
        remedy="Export or download it again.",
    )
