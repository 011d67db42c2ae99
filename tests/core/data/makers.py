"""Files of every format that is read, as bytes, made by hand or by the format's own library."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import struct
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import numpy as np

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Rows = Sequence[Sequence[Any]]
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_EPOCH = datetime(1899, 12, 30)
STYLES = (
    f'<styleSheet xmlns="{_SHEET}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)

packers = {".gz": gzip.compress, ".zst": zstd.compress, ".bz2": bz2.compress}


def zipped(members: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# --- spreadsheets


def column_letters(j: int) -> str:
    return (column_letters(j // 26 - 1) if j >= 26 else "") + chr(65 + j % 26)


def sheet_xml(rows: Rows, *, left: int = 0, top: int = 0, inline: bool = True) -> str:
    """The rows as the XML of a sheet; dates with the style 1 of `STYLES`."""
    lines = []
    for i, row in enumerate(rows, start=top + 1):
        cells = "".join(_cell(value, f"{column_letters(j)}{i}", inline) for j, value in enumerate(row, start=left))
        lines.append(f'<row r="{i}">{cells}</row>')
    return f'<worksheet xmlns="{_SHEET}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(value: Any, at: str, inline: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (datetime, date)):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        days = (moment - _EPOCH).total_seconds() / 86400
        return f'<c r="{at}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, str):
        space = ' xml:space="preserve"'
        return f'<c r="{at}" t="inlineStr"><is><t{space}>{escape(value)}</t></is></c>'
    return f'<c r="{at}"><v>{value!r}</v></c>'


def xlsx(sheets: Mapping[str, Rows | str], *, shared: Sequence[str] = (), **members: str) -> bytes:
    """A workbook. A sheet is its rows, or its XML; members: further parts or others in place of the usual ones."""
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, start=1)
    )
    targets = "".join(
        f'<Relationship Id="r{i}" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_DOCUMENT}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{targets}</Relationships>',
        "xl/styles.xml": STYLES,
    }
    for i, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{i}.xml"] = rows if isinstance(rows, str) else sheet_xml(rows)
    if shared:
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_SHEET}">{texts}</sst>'
    return zipped({**parts, **members})


def ods(sheets: Mapping[str, Rows | str], *, mimetype: str = "application/vnd.oasis.opendocument.spreadsheet") -> bytes:
    """A spreadsheet. A sheet is its rows, or the XML of its rows."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{rows if isinstance(rows, str) else ods_rows(rows)}</table:table>'
        for name, rows in sheets.items()
    )
    office = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = "".join(f' xmlns:{name}="{office}:{name}:1.0"' for name in ("office", "table", "text"))
    content = f"<office:document-content{spaces}><office:body><office:spreadsheet>{tables}</office:spreadsheet>"
    return zipped({"mimetype": mimetype, "content.xml": f"{content}</office:body></office:document-content>"})


def ods_rows(rows: Rows) -> str:
    return "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)


def ods_cell(value: Any, repeated: int = 1) -> str:
    again = f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
    if value is None:
        return f"<table:table-cell{again}/>"
    if isinstance(value, bool):
        kind = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, (datetime, date)):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, str):
        kind = 'office:value-type="string"'
    else:
        kind = f'office:value-type="float" office:value="{value!r}"'
    return f"<table:table-cell {kind}{again}><text:p>{escape(str(value))}</text:p></table:table-cell>"


# --- databases and columns


def sqlite(folder: Path, script: str, rows: Mapping[str, Rows] | None = None) -> bytes:
    """A database made by an SQL script, then filled: rows by table."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    con = sqlite3.connect(path)
    con.executescript(script)
    for table, values in (rows or {}).items():
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
    con.commit()
    con.close()
    return path.read_bytes()


def parquet(folder: Path, select: str, options: str = "") -> bytes:
    """What a query of DuckDB gives."""
    path = folder / "made.parquet"
    duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet{options})")
    return path.read_bytes()


# --- arrays


def npy(values: Any, *, pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values), allow_pickle=pickle)
    return buffer.getvalue()


def npy_header(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An array whose header is this text, whatever it says."""
    text = header.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version[0] == 1 else "<L", len(text))
    return b"\x93NUMPY" + version + length + text + body


def npz(arrays: Mapping[str, Any], *, packed: bool = True) -> bytes:
    return zipped({f"{name}.npy": npy(values) for name, values in arrays.items()}, packed=packed)


def idx(values: np.ndarray, kind: int = 0x08) -> bytes:
    return bytes((0, 0, kind, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def mat(arrays: Mapping[str, Any], *, packed: bool = False) -> bytes:
    import scipy.io

    buffer = io.BytesIO()
    scipy.io.savemat(buffer, dict(arrays), do_compression=packed)
    return buffer.getvalue()


def lines(rows: Sequence[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
