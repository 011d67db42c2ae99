"""Hostile and broken files of every format, made one by one, and what is said of each."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.data import makers

MIB = 2**20
FAR = "XFD1048576"
SST = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"

Make = Callable[[Path], bytes]


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (str(self.marker), "w")


def sheet(cells: str, head: str = "") -> str:
    empty = makers.sheet_xml([])
    return head + empty.replace("<sheetData>", f"<sheetData>{cells}")


def deflated(size: int, byte: bytes = b"0") -> bytes:
    """The gzip of `size` equal bytes, made piece by piece."""
    packer, out = zlib.compressobj(9, zlib.DEFLATED, 31), io.BytesIO()
    piece = byte * MIB
    for _ in range(size // MIB):
        out.write(packer.compress(piece))
    return out.getvalue() + packer.flush()


def zip_claiming(size: int, name: str = "t.csv") -> bytes:
    """An archive whose member says that it unpacks to `size`."""
    content = makers.zipped({name: b"a,b\n1,2\n"})
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + at
        content = content[:place] + struct.pack("<L", size) + content[place + 4 :]
    return content


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def zip_with(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("t.csv")
        change(info)
        archive.writestr(info, b"a,b\n1,2\n")
    return buffer.getvalue()


def many_members(count: int) -> bytes:
    """The end of an archive that announces so many members."""
    content = makers.zipped({"t.csv": "a\n1\n"})
    at = content.rindex(b"PK\x05\x06")
    return content[: at + 8] + struct.pack("<HH", count, count) + content[at + 12 :]


def nested(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = gzip.compress(content)
    return content


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def rename(name: str) -> Callable[[zipfile.ZipInfo], None]:
    def change(info: zipfile.ZipInfo) -> None:
        info.filename = info.orig_filename = name

    return change


def table(folder: Path, script: str) -> bytes:
    return makers.sqlite(folder, script)


def schema(sql: str) -> str:
    return f"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '{sql}' WHERE name = 't';"


def computed(expression: str) -> str:
    """A column that is worked out when it is read, from a number of 900 million."""
    plain = "CREATE TABLE t(a); INSERT INTO t VALUES (900000000);"
    return plain + schema(f"CREATE TABLE t(a, b AS ({expression}))")


def broken_page(folder: Path) -> bytes:
    content = bytearray(table(folder, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2);"))
    content[4096:4200] = b"\xff" * 104
    return bytes(content)


def parquet(folder: Path) -> bytes:
    return makers.parquet(folder, "SELECT range AS a, 'x' AS b FROM range(1000)")


def mat_element(kind: int, length: int, body: bytes = b"") -> bytes:
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head + struct.pack("<LL", kind, length) + body


def header(shape: str, descr: str = "'<f8'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


def rows(cells: str, count: int) -> str:
    return f'<table:table-row table:number-rows-repeated="{count}">{cells}</table:table-row>'


# (name, content, what the refusal says)
CASES: list[tuple[str, Make, str]] = [
    # --- packed files
    ("bomb.csv.gz", lambda _: deflated(300 * MIB), "unpacks to suspiciously much"),
    ("bomb-of-lines.csv.gz", lambda _: deflated(300 * MIB, b"\n"), "unpacks to suspiciously much"),
    ("bomb.csv.zst", lambda _: makers.packers[".zst"](bytes(300 * MIB)), "unpacks to suspiciously much"),
    ("bomb.csv.bz2", lambda _: makers.packers[".bz2"](bytes(100 * MIB)), "unpacks to suspiciously much"),
    ("cut.csv.gz", lambda _: gzip.compress(b"a,b\n1,2\n" * 1000)[:-9], "gzip file is damaged"),
    ("wrong-sum.csv.gz", lambda _: gzip.compress(b"a,b\n1,2\n")[:-8] + bytes(8), "gzip file is damaged"),
    ("junk-after.csv.zst", lambda _: makers.packers[".zst"](b"a\n1\n") + b"junk", "Zstandard file is damaged"),
    ("cut.csv.zst", lambda _: makers.packers[".zst"](b"a,b\n1,2\n" * 1000)[:-3], "Zstandard file is damaged"),
    ("giant-window.zst", lambda _: b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(20), "Zstandard file is damaged"),
    ("cut.csv.bz2", lambda _: makers.packers[".bz2"](b"a,b\n1,2\n" * 1000)[:-9], "bzip2 file is damaged"),
    ("deep.csv.gz", lambda _: nested(b"a,b\n1,2\n", 6), "archives in archives"),
    ("nothing-inside.gz", lambda _: gzip.compress(b""), "is empty"),
    ("picture-inside.gz", lambda _: gzip.compress(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"), "a PDF document"),
    # --- archives
    ("claims.zip", lambda _: zip_claiming(4_000_000_000), "unpacks to suspiciously much"),
    ("lies.zip", lambda _: zip_claiming(9_000), "ZIP file is damaged"),
    ("bomb.zip", lambda _: makers.zipped({"t.csv": bytes(100 * MIB)}), "unpacks to suspiciously much"),
    ("climbs.zip", lambda _: makers.zipped({"../../t.csv": "a\n1\n"}), "cannot be read"),
    ("absolute.zip", lambda _: makers.zipped({"/etc/t.csv": "a\n1\n"}), "cannot be read"),
    ("drive.zip", lambda _: zip_with(rename("C:/t.csv")), "cannot be read"),
    ("backslashes.zip", lambda _: zip_with(rename("..\\..\\t.csv")), "cannot be read"),
    ("link.zip", lambda _: zip_with(link), "cannot be read"),
    ("cut.zip", lambda _: makers.zipped({"t.csv": "a\n1\n" * 1000})[:-30], "cannot be read"),
    (
        "encrypted.zip",
        lambda _: patched(
            makers.zipped({"t.csv": "a\n1\n"}),
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00",
            b"PK\x01\x02\x14\x03\x14\x00\x01\x00",
        ),
        "cannot be read",
    ),
    ("million.zip", lambda _: many_members(65_535), "too many members"),
    ("empty.zip", lambda _: makers.zipped({}), "holds no table"),
    ("words.zip", lambda _: makers.zipped({"a.md": "words", "b.exe": "MZ"}), "holds no table"),
    (
        "wrong-sum.zip",
        lambda _: patched(makers.zipped({"t.csv": "a\n1\n"}, packed=False), b"a\n1\n", b"a\n2\n"),
        "cannot be read",
    ),
    # --- workbooks
    (
        "far.xlsx",
        lambda _: makers.xlsx({"S": sheet(f'<row r="1"><c r="A1"><v>1</v></c><c r="{FAR}"><v>2</v></c></row>')}),
        "reaches too far",
    ),
    (
        "far-unusual.xlsx",
        lambda _: makers.xlsx({"S": sheet(f"<row><c z='>' r='{FAR}'><v>2</v></c></row>")}),
        "reaches too far",
    ),
    (
        "beyond.xlsx",
        lambda _: makers.xlsx({"S": sheet('<row r="9999999999"><c r="ZZZZZZ9999999999"><v>1</v></c></row>')}),
        "workbook cannot be read",
    ),
    (
        "shared.xlsx",
        lambda _: makers.xlsx(
            {"S": sheet('<row r="1">' + '<c r="A1" t="s"><v>0</v></c>' * 3000 + "</row>")}, shared=["x" * MIB]
        ),
        "texts of this sheet are too large",
    ),
    (
        "shared-unusual.xlsx",
        lambda _: makers.xlsx({"S": sheet("<row>" + "<c t='s'><v>0</v></c>" * 3000 + "</row>")}, shared=["x" * MIB]),
        "texts of this sheet are too large",
    ),
    ("texts-bomb.xlsx", lambda _: makers.xlsx({"S": [["a"], [1]]}, shared=["x" * 100 * MIB]), "suspiciously much"),
    (
        "entities.xlsx",
        lambda _: makers.xlsx({"S": sheet("", '<!DOCTYPE a [<!ENTITY b "x">]>')}),
        "workbook cannot be read",
    ),
    (
        "entities-in-texts.xlsx",
        lambda _: makers.xlsx(
            {"S": [["a"], [1]]},
            **{
                "xl/sharedStrings.xml": '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>'
                + SST
                + "<si><t>&c;</t></si></sst>"
            },
        ),
        "workbook cannot be read",
    ),
    ("cut.xlsx", lambda _: makers.xlsx({"S": [["a"], [1]]})[:-40], "cannot be read"),
    (
        "malformed.xlsx",
        lambda _: makers.xlsx({"S": "<worksheet><sheetData><row><c></row></sheetData>"}),
        "cannot be read",
    ),
    ("no-sheets.xlsx", lambda _: makers.xlsx({}), "spreadsheet file is damaged"),
    ("empty.xlsx", lambda _: makers.xlsx({"S": []}), "sheet is empty"),
    ("long-text.xlsx", lambda _: makers.xlsx({"S": [["a"], ["x" * (2 * MIB)]]}), "too large"),
    ("protected.xlsx", lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office document"),
    ("repeated-rows.ods", lambda _: makers.ods({"S": rows(makers.ods_cell(1), 1_000_000_000 - 1)}), "cannot be read"),
    ("repeated-cells.ods", lambda _: makers.ods({"S": rows(makers.ods_cell(1, 16_000), 100_000)}), "reaches too far"),
    (
        "far-cell.ods",
        lambda _: makers.ods(
            {"S": rows("<table:table-cell/>", 1_000_000) + rows(makers.ods_cell(None, 16_000) + makers.ods_cell(1), 1)}
        ),
        "reaches too far",
    ),
    (
        "repeated-text.ods",
        lambda _: makers.ods({"S": rows(makers.ods_cell("x" * 100_000, 100), 1000)}),
        "texts of this sheet are too large",
    ),
    (
        "no-number.ods",
        lambda _: makers.ods({"S": rows(makers.ods_cell(1), 3).replace('"3"', '"-1"')}),
        "cannot be read",
    ),
    (
        "entities.ods",
        lambda _: makers.zipped(
            {
                "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "content.xml": '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>',
            }
        ),
        "cannot be read",
    ),
    ("letter.ods", lambda _: makers.ods({}, mimetype="application/vnd.oasis.opendocument.text"), "no spreadsheet"),
    # --- Parquet and JSON
    ("cut.parquet", lambda f: parquet(f)[:-30], "Parquet file is damaged"),
    (
        "giant-index.parquet",
        lambda _: b"PAR1" + b"x" * 50 + struct.pack("<L", 2**31) + b"PAR1",
        "Parquet file is damaged",
    ),
    (
        "junk-index.parquet",
        lambda _: b"PAR1" + b"\xff" * 500 + struct.pack("<L", 400) + b"PAR1",
        "Parquet file is damaged",
    ),
    ("junk-pages.parquet", lambda f: (c := parquet(f))[:4] + b"\xff" * 200 + c[204:], "Parquet file is damaged"),
    ("deep.json", lambda _: b"[" * 200_000, "too deeply nested"),
    ("deep-objects.json", lambda _: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too deeply nested"),
    ("deep-row.jsonl", lambda _: b'{"a":1}\n{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}\n", "too deeply nested"),
    (
        "deep-behind-escapes.json",
        lambda _: b'[{"a":"\\\\\\"", "b":' + b"[" * 5_000 + b"]" * 5_000 + b"}]",
        "too deeply nested",
    ),
    (
        "wide-within.json",
        lambda _: json.dumps([{"p": {f"c{i}": 1 for i in range(100_000)}}]).encode(),
        "too many fields",
    ),
    (
        "wide-over-rows.jsonl",
        lambda _: makers.lines([{"p": {f"c{i}": 1}} for i in range(50_000)]).encode(),
        "too many columns",
    ),
    ("cut.json", lambda _: b'[{"a":1},{"a":2},{"a"', "JSON file is damaged"),
    ("cut.jsonl", lambda _: b'{"a":1}\n{"a":2}\n{"a"', "JSON file is damaged"),
    ("mixture.json", lambda _: b'{"a": "x", "b": [{"c": 1}, 2]}', "does not look like a table"),
    ("wide.json", lambda _: json.dumps([{f"c{i}": 1 for i in range(20_000)}]).encode(), "too many columns"),
    ("ragged.json", lambda _: b"[[1, 2], [3]]", "does not look like a table"),
    ("zero.json", lambda _: b'[{"a": "\0"}]', "not a text file"),
    # --- ARFF
    ("no-data.arff", lambda _: b"@relation x\n@attribute a numeric\n", "ARFF file is malformed"),
    ("no-columns.arff", lambda _: b"@relation x\n@data\n1\n", "ARFF file is malformed"),
    ("ragged.arff", lambda _: b"@relation x\n@attribute a numeric\n@data\n1\n1,2\n", "ARFF file is malformed"),
    ("open-quote.arff", lambda _: b"@relation x\n@attribute a string\n@data\n'x\n", "ARFF file is malformed"),
    ("within.arff", lambda _: b"@relation x\n@attribute a relational\n@data\n", "ARFF file is malformed"),
    ("index.arff", lambda _: b"@relation x\n@attribute a numeric\n@data\n{99999999999 1}\n", "ARFF file is malformed"),
    (
        "spaces.arff",
        lambda _: b"@relation x\n@attribute a string\n@data\n'" + b" " * MIB + b"x\n",
        "ARFF file is malformed",
    ),
    ("long-line.arff", lambda _: b"@relation x\n@attribute a string\n@data\n" + b"x" * 5 * MIB, "line is too long"),
    # --- databases
    ("views.db", lambda f: table(f, "CREATE VIEW v AS SELECT writefile('x', 'y') AS a;"), "holds no table"),
    (
        "virtual.db",
        lambda f: table(f, "CREATE VIRTUAL TABLE t USING fts5(a);").replace(b"CREATE TABLE", b"CREATE XXXXX"),
        "SQLite file is damaged",
    ),
    ("computed.db", lambda f: table(f, computed("load_extension(a)")), "wants functions to be run"),
    ("computed-giant.db", lambda f: table(f, computed("hex(zeroblob(a))")), "too large"),
    (
        "checked.db",
        lambda f: table(f, "CREATE TABLE t(a);" + schema("CREATE TABLE t(a CHECK (writefile(''x'', a)))")),
        "no rows",
    ),
    ("page.db", broken_page, "SQLite file is damaged"),
    ("cut.db", lambda f: table(f, "CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(99999));")[:5000], "damaged"),
    ("giant-cell.db", lambda f: table(f, f"CREATE TABLE t(a); INSERT INTO t VALUES ('{'x' * 3 * MIB}');"), "too large"),
    ("empty-table.db", lambda f: table(f, "CREATE TABLE t(a);"), "no rows"),
    ("header-only.db", lambda _: b"SQLite format 3\0" + bytes(84), "SQLite file is damaged"),
    # --- arrays
    ("giant.npy", lambda _: makers.npy_header(header("(1099511627776,)")), "This array"),
    ("overflow.npy", lambda _: makers.npy_header(header("(4294967296, 4294967296, 4294967296)")), "This array"),
    ("negative.npy", lambda _: makers.npy_header(header("(-1,)")), "NumPy file is damaged"),
    ("truth.npy", lambda _: makers.npy_header(header("(True,)"), bytes(8)), "NumPy file is damaged"),
    ("call.npy", lambda _: makers.npy_header("{'descr': __import__('os').system('x')}"), "NumPy file is damaged"),
    ("deep.npy", lambda _: makers.npy_header("(" * 3000), "NumPy file is damaged"),
    ("long-header.npy", lambda _: makers.npy_header(header("(1,)") + " " * 50_000, bytes(8)), "NumPy file is damaged"),
    ("version.npy", lambda _: b"\x93NUMPY\x09\x00\x10\x00" + bytes(16), "NumPy file is damaged"),
    ("pickle.npy", lambda f: makers.npy(np.array([Payload(f / "ran")], object), pickle=True), "Python objects"),
    ("hidden-pickle.npy", lambda _: makers.npy_header(header("(1,)", "[('a', '|O')]"), bytes(8)), "Python objects"),
    ("complex.npy", lambda _: makers.npy(np.array([1j])), "complex numbers"),
    ("single.npy", lambda _: makers.npy(np.array(1.0)), "single value"),
    ("no-rows.npy", lambda _: makers.npy(np.zeros((0, 3))), "array is empty"),
    ("wide.npy", lambda _: makers.npy(np.zeros((2, 20_000), np.uint8)), "too many columns"),
    (
        "wide-rows.npy",
        lambda _: makers.npy_header(header("(1, 1000000)", "'|u1'"), bytes(1_000_000)),
        "too many columns",
    ),
    ("raw-pickle.npy", lambda f: pickle.dumps(Payload(f / "ran")), "Python pickle"),
    (
        "pickle.npz",
        lambda f: makers.zipped({"x.npy": makers.npy(np.array([Payload(f / "ran")], object), pickle=True)}),
        "Python objects",
    ),
    ("giant.npz", lambda _: makers.zipped({"x.npy": makers.npy_header(header("(1099511627776,)"))}), "This array"),
    ("bomb.npz", lambda _: makers.npz({"x": np.zeros(20_000_000)}), "suspiciously much"),
    ("cut.idx", lambda _: makers.idx(np.zeros((10, 28, 28), np.uint8))[:-1], "file is damaged"),
    ("giant.idx", lambda _: b"\0\0\x08\x03" + b"\xff" * 12, "file is damaged"),
    ("no-rows.idx", lambda _: makers.idx(np.zeros((0, 3), np.uint8)), "array is empty"),
    ("wide.idx", lambda _: makers.idx(np.zeros((2, 20_000), np.uint8)), "too many columns"),
    ("new.mat", lambda _: b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n", "version 7.3"),
    ("claims.mat", lambda _: mat_element(14, 2**31), "MATLAB file is damaged"),
    ("bomb.mat", lambda _: mat_element(15, len(z := zlib.compress(bytes(100 * MIB))), z), "suspiciously much"),
    ("junk.mat", lambda _: mat_element(15, 50, b"\xff" * 50), "MATLAB file is damaged"),
    ("nothing.mat", lambda _: mat_element(1, 0), "MATLAB file is damaged"),
    ("empty.mat", lambda _: mat_element(0, 0)[:128], "holds no array"),
    # --- texts
    ("wide.csv", lambda _: b";".join([b"c"] * 1_000_000) + b"\n1\n", "too many columns"),
    ("torn.csv", lambda _: "".join(f"東京{i},大阪\n" for i in range(99)).encode() + b"\xe5,1\n", "not valid UTF-8"),
]
