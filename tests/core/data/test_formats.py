"""Honest files of every format, each checked cell by cell: what was put in is what is shown and what is trained on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import load
from core.spec import DataSource, DataSpec

from . import makers
from .checks import Cells, check, read

NAMES = ("size", "city", "grade", "note")
ROWS: Cells = [
    ("1.5", "Köln", "yes", "a, b; c"),
    ("-2", "Málaga", "no", None),
    (None, "Köln", "yes", '"quoted"'),
    ("0.25", "Zürich", "no", "two\nlines"),
    ("300", "Málaga", "yes", "=1+1"),
    ("7", "Zürich", "no", "x"),
]
NUMBERS = [1.5, -2.0, None, 0.25, 300.0, 7.0]
VALUES = [(NUMBERS[i], *row[1:]) for i, row in enumerate(ROWS)]


def text(delimiter: str = ",", *, header: bool = True, rows: Cells = ROWS, missing: str = "") -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows([NAMES, *rows] if header else rows)
    return out.getvalue()


def columns_json() -> str:
    return json.dumps({name: {str(i): row[j] for i, row in enumerate(VALUES)} for j, name in enumerate(NAMES)})


ARFF = """% a comment
@RELATION cities

@ATTRIBUTE size NUMERIC
@ATTRIBUTE city {Köln, 'Málaga', Zürich}
@ATTRIBUTE grade {yes,no}
@ATTRIBUTE note STRING
@DATA
1.5,Köln,yes,'a, b; c'
-2,'Málaga',no,?
?,Köln,yes,'"quoted"'
0.25,Zürich,no,'two\\nlines'
% another comment
300,Málaga,yes,=1+1
7,Zürich,no,x
"""
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in VALUES]
TABLE = "CREATE TABLE {}(size REAL, city TEXT, grade TEXT, note TEXT);"
SELECT = "SELECT * FROM (VALUES {}) t(size, city, grade, note)".format(
    ", ".join(
        "({})".format(
            ", ".join(
                "NULL" if v is None else "'" + v.replace("'", "''") + "'" if isinstance(v, str) else f"{v}::DOUBLE"
                for v in row
            )
        )
        for row in VALUES
    )
)

Make = Callable[[Path], bytes | str]
FORMATS: dict[str, Make] = {
    "plain.csv": lambda _: text(),
    "tabs.tsv": lambda _: text("\t"),
    "bars.txt": lambda _: text("|"),
    "semicolons.csv": lambda _: text(";"),
    "carets.txt": lambda _: text("^"),
    "table.csv.gz": lambda _: makers.packers[".gz"](text().encode()),
    "table.csv.zst": lambda _: makers.packers[".zst"](text().encode()),
    "table.csv.bz2": lambda _: makers.packers[".bz2"](text().encode()),
    "two-members.csv.gz": lambda _: b"".join(
        makers.packers[".gz"](part.encode()) for part in (text()[:40], text()[40:])
    ),
    "table.zip": lambda _: makers.zipped({"table.csv": text()}),
    "stored.zip": lambda _: makers.zipped({"folder/table.csv": text()}, packed=False),
    "with-extras.zip": lambda _: makers.zipped({"__MACOSX/._t.csv": b"\0", "t.csv": text(), "readme.md": "no table"}),
    "packed-twice.zip": lambda _: makers.zipped({"t.csv.gz": makers.packers[".gz"](text().encode())}),
    "records.json": lambda _: json.dumps(RECORDS),
    "pretty.json": lambda _: json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "bom.json": lambda _: b"\xef\xbb\xbf" + json.dumps(RECORDS).encode(),
    "utf16.json": lambda _: json.dumps(RECORDS, ensure_ascii=False).encode("utf-16"),
    "lines.jsonl": lambda _: makers.lines(RECORDS),
    "lines.json": lambda _: makers.lines(RECORDS),
    "lines-packed.jsonl.gz": lambda _: makers.packers[".gz"](makers.lines(RECORDS).encode()),
    "objects.json": lambda _: "".join(json.dumps(row, indent=1) + "\n" for row in RECORDS),
    "columns.json": lambda _: json.dumps({name: [row[j] for row in VALUES] for j, name in enumerate(NAMES)}),
    "pandas.json": lambda _: columns_json(),
    "split.json": lambda _: json.dumps({"columns": NAMES, "index": list(range(6)), "data": VALUES}),
    "wrapped.json": lambda _: json.dumps({"meta": {"n": 6}, "data": RECORDS}),
    "only-wrapped.json": lambda _: json.dumps({"data": RECORDS}),
    "wrapped-lists.json": lambda _: json.dumps({"data": [NAMES, *VALUES]}),
    "wrapped-twice.json": lambda _: json.dumps({"ok": True, "answer": {"n": 6, "result": {"rows": RECORDS}}}),
    "lists.json": lambda _: json.dumps([NAMES, *VALUES]),
    "cities.arff": lambda _: ARFF,
    "cities.arff.gz": lambda _: makers.packers[".gz"](ARFF.encode()),
    "latin.arff": lambda _: ARFF.encode("latin-1"),
    "book.xlsx": lambda _: makers.xlsx({"One": [NAMES, *VALUES]}),
    "moved.xlsx": lambda _: makers.xlsx({"One": makers.sheet_xml([NAMES, *VALUES], left=2, top=3)}),
    "titled.xlsx": lambda _: makers.xlsx({"One": [["Cities of 2024"], [], NAMES, *VALUES]}),
    "second-sheet.xlsx": lambda _: makers.xlsx({"Empty": [], "Data": [NAMES, *VALUES]}),
    "book.zip": lambda _: makers.zipped({"book.xlsx": makers.xlsx({"One": [NAMES, *VALUES]})}),
    "sheet.ods": lambda _: makers.ods({"One": [NAMES, *VALUES]}),
    "flat.parquet": lambda f: makers.parquet(f, SELECT),
    "zstd.parquet": lambda f: makers.parquet(f, SELECT, ", COMPRESSION zstd"),
    "small-groups.parquet": lambda f: makers.parquet(f, SELECT, ", ROW_GROUP_SIZE 2"),
    "table.sqlite": lambda f: makers.sqlite(f, TABLE.format("t"), {"t": VALUES}),
    "utf16.db": lambda f: makers.sqlite(f, "PRAGMA encoding = 'UTF-16';" + TABLE.format("t"), {"t": VALUES}),
    "keyed.db": lambda f: makers.sqlite(
        f, TABLE.format("t").replace("note TEXT", "note TEXT, PRIMARY KEY (city, grade, note, size)"), {"t": VALUES}
    ),
    "no-suffix": lambda f: makers.parquet(f, SELECT),
    "wrong-suffix.csv": lambda _: makers.xlsx({"One": [NAMES, *VALUES]}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(tmp_path: Path, name: str) -> None:
    content = FORMATS[name](tmp_path)
    (tmp_path / "at").mkdir()
    path = tmp_path / "at" / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    profile = check(path, NAMES, ROWS)
    size = profile.column("size")
    assert (size.kind, size.minimum, size.maximum, size.missing, size.invalid) == ("number", -2.0, 300.0, 1, 0)
    assert profile.column("city").categories == (("Köln", 2), ("Málaga", 2), ("Zürich", 2))
    assert profile.column("note").missing == 1
    assert profile.format


WORDS = {
    "cp932": ["東京", "大阪", "京都", "商品名", "はい", "いいえ"],
    "euc_jp": ["東京", "大阪", "りんご", "みかん", "はい", "いいえ"],
    "iso2022_jp": ["東京", "大阪", "りんご", "みかん", "はい", "いいえ"],
    "gb18030": ["北京", "上海", "广州", "苹果", "香蕉", "数量"],
    "big5": ["台北", "高雄", "蘋果", "香蕉", "數量", "價格"],
    "euc_kr": ["서울", "부산", "사과", "바나나", "가격", "수량"],
    "koi8-r": ["Москва", "Казань", "яблоко", "молоко", "цена", "количество"],
    "cp1251": ["Москва", "Казань", "яблоко", "молоко", "цена", "количество"],
    "cp866": ["Москва", "Казань", "яблоко", "молоко", "цена", "количество"],
    "cp1250": ["Łódź", "Kraków", "jabłko", "mężczyzna", "świetny", "źle"],
    "cp1252": ["Köln", "Málaga", "Zürich", "œuvre", "São Paulo", "5 €"],
    "cp1253": ["Αθήνα", "Πάτρα", "μήλο", "γάλα", "τιμή", "ποσότητα"],
    "cp1254": ["İstanbul", "Şanlıurfa", "güneş", "ağaç", "öğrenci", "iyi"],
    "cp1255": ["ירושלים", "חיפה", "תפוח", "חלב", "מחיר", "כמות"],
    "cp1256": ["القاهرة", "الرياض", "تفاح", "حليب", "سعر", "كمية"],
    "cp874": ["กรุงเทพ", "เชียงใหม่", "กล้วย", "กาแฟ", "ราคา", "สินค้า"],
    "utf-16-le": ["東京", "大阪", "商品", "яблоко", "はい", "סוף"],
    "utf-16-be": ["東京", "大阪", "商品", "яблоко", "はい", "סוף"],
    "utf-16": ["東京", "大阪", "商品", "яблоко", "はい", "סוף"],
    "utf-8-sig": ["東京", "Köln", "商品", "яблоко", "はい", "סוף"],
}


@pytest.mark.parametrize("codec", WORDS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_is_recognized(tmp_path: Path, codec: str, delimiter: str) -> None:
    rows: Cells = [(f"{i / 4:g}" if i else "0", word) for i, word in enumerate(WORDS[codec] * 3)]
    path = tmp_path / "words.csv"
    path.write_bytes("".join(delimiter.join(map(str, row)) + "\r\n" for row in [("n", "word"), *rows]).encode(codec))
    assert check(path, ("n", "word"), rows).delimiter == delimiter


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("mark", ["", "NA", "?"])
def test_decimal_commas_in_every_dress(tmp_path: Path, delimiter: str, header: bool, mark: str) -> None:
    numbers = ["1,5", "-2,25", mark, "3", "0,125"]
    lines = [f"{number}{delimiter}{'ab'[i % 2]}" for i, number in enumerate(numbers)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join((["x" + delimiter + "y"] if header else []) + lines) + "\n")
    profile, cells = read(path)
    assert profile.decimal_comma
    assert [row[0] for row in cells] == ["1.5", "-2.25", mark or None, "3", "0.125"]
    column = profile.columns[0]
    assert (column.kind, column.minimum, column.maximum, column.missing) == ("number", -2.25, 3.0, 1)


# --- what a person says of a file


def test_the_encoding_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\n1,é\n2,x\n".encode("cp1252"))
    assert read(path)[1][0] == ("1", "é")
    profile, cells = read(path, encoding="Windows-1251")
    assert (profile.encoding, cells[0]) == ("Windows-1251", ("1", "й"))


def test_the_delimiter_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a:b\n1,5:x\n2,5:y\n")
    profile, cells = read(path, delimiter=":")
    assert (profile.delimiter, cells) == (":", [("1.5", "x"), ("2.5", "y")])


def test_the_header_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("2019,2020\n1,2\n3,4\n")
    check(path, ("column 1", "column 2"), [("2019", "2020"), ("1", "2"), ("3", "4")])
    check(path, ("2019", "2020"), [("1", "2"), ("3", "4")], header="yes")
    path.write_text("name,size\nx,1\ny,2\n")
    check(path, ("column 1", "column 2"), [("name", "size"), ("x", "1"), ("y", "2")], header="no")


def test_the_decimal_mark_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,500;x\n2,250;y\n")
    assert read(path)[0].column("a").maximum == 2.25
    assert read(path, decimal=".")[0].column("a").maximum == 2250  # then the comma separates thousands
    path.write_text('a,b\n"1,5",x\n"2,5",y\n')
    assert read(path, decimal=",")[0].column("a").maximum == 2.5


def test_choices_are_part_of_what_is_prepared(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    rows = [["a", "y"], *([i, "uv"[i % 2]] for i in range(30))]
    path.write_bytes(makers.xlsx({"One": rows, "Two": [["b", "y"], *([i * 2, "uv"[i % 2]] for i in range(30))]}))
    one = load.prepare(DataSpec(DataSource("file", path=str(path)), target="y"))
    two = load.prepare(DataSpec(DataSource("file", path=str(path), part="Two"), target="y"))
    assert (one.feature_names, two.feature_names) == (("a",), ("b",))
    assert one.fingerprint != two.fingerprint
