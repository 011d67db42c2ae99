"""Workbooks of Excel 95 to 2003 (.xls), read by calamine after their size was counted.

calamine is shown a copy with the cells of the chosen sheet and nothing else: no macros, pictures or formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.data.progress import Progress
from core.data.readers import biff, ole
from core.data.readers.base import Options, RawTable, choose
from core.data.readers.excel import refusing, table_of_sheet
from core.data.workspace import Workspace
from core.errors import UserInputError

STREAMS = ("workbook", "book")
SUFFIXES = (".xls", ".xlt")


@dataclass(frozen=True)
class XlsReader:
    label: str = "Excel 97–2003"
    suffixes: tuple[str, ...] = SUFFIXES

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith(ole.MARK) and (path.suffix.lower() in SUFFIXES or _has_workbook(path))

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a workbook that is damaged, protected, too large inside, or without a table."""
        progress(f"Reading {path.name}", None)
        stream = ole.opened(path).stream(STREAMS, work.budget)
        if stream is None:
            remedy = "If it is a workbook with a password, save it without one; else export the table as CSV."
            raise UserInputError("This old Office file holds no workbook.", where=path.name, remedy=remedy)
        book = biff.book(stream, path.name, work.budget)
        names = _names(book, work)
        order = sorted(range(len(names)), key=lambda k: book.hidden[k])
        parts = tuple(names[k] for k in order)
        part = choose(options.part, parts, where=path.name, kind="sheet")
        chosen, body = names.index(part), b""
        for number in [chosen] if options.part else order:
            body = biff.cells(book, number, f"{path.name}, sheet “{names[number]}”", work.budget)
            if body:
                chosen = number
                break
        copy = work.folder / "sheet.xls"
        empty = book.empty()
        ole.write(copy, "Workbook", book.copy([body or empty if k == chosen else empty for k in range(len(names))]))
        with refusing(path.name):
            from python_calamine import CalamineWorkbook

            with CalamineWorkbook.from_path(copy) as found:
                rows = found.get_sheet_by_index(chosen).iter_rows()
                raw = table_of_sheet(rows, work, options, path, self.label, progress)
        return raw if len(parts) < 2 else replace(raw, parts=parts, part=names[chosen])


READER = XlsReader()


def _has_workbook(path: Path) -> bool:
    try:
        return any(name.lower() in STREAMS for name, _, _ in ole.opened(path).entries)
    except UserInputError:
        return False


def _names(book: biff.Book, work: Workspace) -> list[str]:
    """The names of the sheets, as calamine reads them from a copy without cells; each a name of its own."""
    copy = work.folder / "names.xls"
    ole.write(copy, "Workbook", book.copy([book.empty()] * len(book.sheets)))
    with refusing(book.where):
        from python_calamine import CalamineWorkbook

        with CalamineWorkbook.from_path(copy) as found:
            names = list(found.sheet_names)
    for k, name in enumerate(names):
        if name in names[:k]:
            names[k] = f"{name} ({k + 1})"
    return names
