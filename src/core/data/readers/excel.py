"""Spreadsheets: Excel (.xlsx, .xlsm) and OpenDocument (.ods), read by calamine after their size was counted.

calamine is shown a copy with the chosen sheet and nothing else of the workbook: what was counted is what it reads.
A sheet is laid out whole, so `Budget.sheet_cells` is the limit.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from core.budget import Budget, require
from core.data.dialect import is_header, stripped
from core.data.progress import Progress
from core.data.readers import archive
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.transcribe import text, transcribe
from core.data.readers.workbook_check import check_ods, extent, item_lengths, parsed, pieces
from core.data.schema import Finding
from core.data.workspace import Workspace
from core.errors import UserInputError

ODS = "application/vnd.oasis.opendocument.spreadsheet"
MOST_SHEETS = 1000
# Rows of titles and remarks above a table.
LEADING_ROWS = 20
LOOKED_AT = 200
CHUNK = 2**20
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_FIXED = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" Type="{_DOCUMENT}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="s" '
    f'Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


@dataclass(frozen=True)
class ExcelReader:
    label: str = "Excel and OpenDocument"
    suffixes: tuple[str, ...] = (".xlsx", ".xlsm", ".ods")

    def accepts(self, path: Path, head: bytes) -> bool:
        names = archive.names(path) if head.startswith(b"PK") else ()
        return "xl/workbook.xml" in names or ("content.xml" in names and "mimetype" in names)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a workbook that is damaged, protected, too large inside, or without a table."""
        progress(f"Reading {path.name}", None)
        with archive.opened(path, work.budget) as found:
            _refuse_doubles(found, path.name)
            copy = work.folder / "sheet.zip"
            read = _copy_xlsx if "xl/workbook.xml" in found.namelist() else _copy_ods
            parts, part = read(found, copy, options.part, path.name, work.budget)
        with refusing(path.name):
            from python_calamine import CalamineWorkbook

            with CalamineWorkbook.from_path(copy) as book:
                if not parts:
                    parts, part = _ods_sheets(book, options.part, path.name)
                rows = book.get_sheet_by_name(part if part in book.sheet_names else book.sheet_names[0]).iter_rows()
                raw = table_of_sheet(rows, work, options, path, self.label, progress)
        return raw if len(parts) < 2 else replace(raw, parts=parts, part=part)


READER = ExcelReader()


@contextmanager
def refusing(where: str) -> Iterator[None]:
    from python_calamine import CalamineError

    try:
        yield
    except (CalamineError, ValueError, OverflowError) as err:
        raise damaged(where, "spreadsheet", err) from err
    except BaseException as err:
        # A panic in the library's Rust is no Exception.
        if type(err).__name__ != "PanicException":
            raise
        raise damaged(where, "spreadsheet", err) from err


def _refuse_doubles(found: zipfile.ZipFile, where: str) -> None:
    names = found.namelist()
    if len(set(names)) != len(names):
        raise damaged(where, "spreadsheet", "Two of its parts have one name")


# --- xlsx


def _copy_xlsx(
    found: zipfile.ZipFile, copy: Path, wanted: str, where: str, budget: Budget
) -> tuple[tuple[str, ...], str]:
    """A workbook of the chosen sheet alone; the names of all sheets, and the chosen one's."""
    sheets, epoch = _sheets(found, where, budget)
    names = {name.lower(): name for name in found.namelist()}
    strings, styles = names.get("xl/sharedstrings.xml"), names.get("xl/styles.xml")
    lengths = np.zeros(0, np.int64)
    if strings:
        _check_part(found, strings, budget.sheet_text_bytes, where)
        with found.open(strings) as stream:
            lengths = item_lengths(pieces(stream, where))
    part = choose(wanted, tuple(sheets), where=where, kind="sheet")
    for name in [part] if wanted else list(sheets):
        member = sheets[name]
        if _fits(found, member, lengths, f"{where}, sheet “{name}”", budget):
            part = name
            break
    if styles:
        _check_part(found, styles, budget.whole_bytes, where)
    sheet = '<sheets><sheet name="s" sheetId="1" r:id="s"/></sheets>'
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">{epoch}{sheet}</workbook>'
    members = {strings: "sharedStrings.xml", styles: "styles.xml", sheets[part]: "worksheets/sheet1.xml"}
    with zipfile.ZipFile(copy, "w") as out:
        for own, xml in {**_FIXED, "xl/workbook.xml": book}.items():
            out.writestr(own, xml)
        for member_, to in members.items():
            if member_:
                _copy(found, member_, out, f"xl/{to}", where)
    return tuple(sheets), part


def _fits(found: zipfile.ZipFile, member: str, lengths: np.ndarray, place: str, budget: Budget) -> bool:
    """Whether a sheet holds cells; raises UserInputError where they are too many."""
    what, remedy, size = "This sheet is too large.", "Export it as CSV.", found.getinfo(member).file_size
    require(size, budget.sheet_xml_bytes, what=what, unit="bytes", where=place, remedy=remedy)
    return extent(lambda: found.open(member), lengths, place, budget).rows > 0


def _copy(found: zipfile.ZipFile, name: str, out: zipfile.ZipFile, to: str, where: str) -> None:
    with found.open(name) as source, out.open(to, "w", force_zip64=True) as target:
        for piece in pieces(source, where):
            target.write(piece)


def _check_part(found: zipfile.ZipFile, name: str, limit: int, where: str) -> None:
    what, remedy = f"The part {name[:60]} of this workbook is too large.", "Export the sheet as CSV."
    require(found.getinfo(name).file_size, limit, what=what, unit="bytes", where=where, remedy=remedy)


def _sheets(found: zipfile.ZipFile, where: str, budget: Budget) -> tuple[dict[str, str], str]:
    """The members of the sheets of cells by name, visible ones first; and what tells the first day of dates."""
    targets: dict[str, str] = {}
    listed: list[tuple[bool, str, str]] = []
    epoch = ""

    def relation(name: str, attributes: Mapping[str, str]) -> None:
        if name.endswith(" Relationship") and attributes.get("Type", "").endswith("/worksheet"):
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def sheet(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal epoch
        if name.endswith(" workbookPr") and attributes.get("date1904", "") in ("1", "true", "on"):
            epoch = '<workbookPr date1904="1"/>'
        if name.endswith(" sheet") and len(listed) < MOST_SHEETS:
            id = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            listed.append((attributes.get("state", "visible") != "visible", attributes.get("name", ""), id))

    for member, handler in (("xl/_rels/workbook.xml.rels", relation), ("xl/workbook.xml", sheet)):
        if member not in found.namelist():
            raise damaged(where, "spreadsheet", f"Its part {member} is missing")
        _check_part(found, member, budget.whole_bytes, where)
        with found.open(member) as stream:
            for _ in parsed(pieces(stream, where), where, start=handler):
                pass
    sheets = {}
    for _, name, id in sorted(listed, key=lambda entry: entry[0]):
        target = targets.get(id, "")
        member = target.lstrip("/") if target.startswith(("/", "xl/")) else f"xl/{target}"
        if member in found.namelist():
            sheets[name] = member
    if not sheets:
        raise damaged(where, "spreadsheet", "It has no sheet with cells")
    return sheets, epoch


# --- ods


def _copy_ods(
    found: zipfile.ZipFile, copy: Path, wanted: str, where: str, budget: Budget
) -> tuple[tuple[str, ...], str]:
    with found.open("mimetype") as file:
        kind = file.read(100).decode("ascii", "replace").strip()
    if kind != ODS:
        raise UserInputError(
            "This is an OpenDocument file, but no spreadsheet.", where=where, reason=f"It is {kind}.",
            remedy="Save the table as a spreadsheet (.ods) or as CSV.",
        )  # fmt: skip
    check_ods(lambda: found.open("content.xml"), where, budget)
    with zipfile.ZipFile(copy, "w") as out:
        out.writestr("mimetype", ODS)
        _copy(found, "content.xml", out, "content.xml", where)
        out.writestr("META-INF/manifest.xml", '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
    return (), ""


def _ods_sheets(book: Any, wanted: str, where: str) -> tuple[tuple[str, ...], str]:
    parts = tuple(book.sheet_names)
    if not parts:
        raise damaged(where, "spreadsheet", "It has no sheet with cells")
    if wanted:
        return parts, choose(wanted, parts, where=where, kind="sheet")
    return parts, next((name for name in parts if book.get_sheet_by_name(name).total_height), parts[0])


# --- the table in a sheet


def table_of_sheet(
    rows: Iterator[Sequence[object]], work: Workspace, options: Options, path: Path, format: str, progress: Progress
) -> RawTable:
    """The table in the rows of a sheet: blank margins fall away, titles above the header too."""
    top = [list(map(text, row)) for row in islice(rows, LOOKED_AT)]
    while top and not any(top[0]):
        top.pop(0)
    used = [j for j in range(len(top[0]) if top else 0) if any(row[j].strip() for row in top)]
    if not used:
        raise UserInputError("This sheet is empty.", where=path.name, remedy="Choose another sheet.")
    first, last = used[0], len(top[0])
    head = _head(top)
    named = {"yes": True, "no": False}.get(options.header)
    below = [row for row in top[head + 1 :] if any(row)]
    header = is_header(top[head][first:], [row[first:] for row in below]) if named is None else named
    width = max(used) + 1 if len(top) < LOOKED_AT else last
    names = stripped(top[head][first:width]) if header else [f"column {j + 1}" for j in range(width - first)]
    start = head + header

    cut = (row[first:width] for row in chain(top[start:], rows))
    full = (row for row in cut if any(cell not in ("", None) for cell in row))
    told = []
    if head:
        lines = "The first row is" if head == 1 else f"The first {head} rows are"
        told.append(Finding("info", f"{lines} no part of the table and skipped."))
    if not header:
        told.append(Finding("info", "The sheet has no header row: the columns are numbered."))
    return transcribe(
        full, tuple(names), work, packed=lambda: path.stat().st_size, where=path.name, format=format, header=header,
        findings=tuple(told), progress=progress,
    )  # fmt: skip


def _head(top: Sequence[Sequence[str]]) -> int:
    """The row of the header, or the first of the table: the first that is about as filled as the rows below it."""
    filled = [sum(1 for cell in row if cell.strip()) for row in top]
    usual = float(np.median([count for count in filled if count]))
    return next((i for i, count in enumerate(filled[:LEADING_ROWS]) if count > usual / 2), 0)
