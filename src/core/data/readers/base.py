"""What a file format gives: a table of text cells. One reader is one file in this folder."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.data.progress import Progress
from core.data.schema import Finding, RejectedRow
from core.data.workspace import Workspace

Rejected = tuple[tuple[RejectedRow, ...], int]


def _none_rejected() -> Rejected:
    return (), 0


@dataclass(frozen=True)
class RawTable:
    """A table as its format holds it.

    relation(numbers, strict): what stands after FROM in SQL, with columns c0, c1, ..., NULL where a cell is empty:
    DOUBLE for those in `numbers`, else text. Where strict, a cell that is no number or a row that does not fit fails
    the scan with a duckdb.Error; else such rows are kept apart and told by `rejected`, called after the scan: the first
    of them and how many there are.
    names: as written, "" where blank. sample: the first rows. encoding, delimiter: "" where the format has none.
    decimal_comma: whether "1,5" is a number.
    """

    relation: Callable[[Collection[int], bool], str]
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    encoding: str = ""
    delimiter: str = ""
    header: bool = True
    decimal_comma: bool = False
    findings: tuple[Finding, ...] = ()
    rejected: Callable[[], Rejected] = field(default=_none_rejected)


class Reader(Protocol):
    """A file format. `suffixes` are in lower case with their dot; `label` is for people."""

    label: str
    suffixes: tuple[str, ...]

    def accepts(self, path: Path, head: bytes) -> bool:
        """Whether this file, of which `head` are the first bytes, is of this format."""
        ...

    def read(self, path: Path, work: Workspace, *, progress: Progress) -> RawTable:
        """The table in the file; its rows are scanned later. Raises UserInputError for what cannot be read."""
        ...
