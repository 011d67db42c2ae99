"""Hostile and broken old workbooks: refused at once, in their own words, in little memory."""

from __future__ import annotations

import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import load
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

from ..core.data import xls_made
from ..core.data.xls_made import record, workbook, xls
from .test_hostile_tables import MEMORY, SECONDS, forget_peak, peak

ROWS = [["a", "b"], *([i, f"text {i}"] for i in range(50))]
END = 0xFFFFFFFE


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


def patched(content: bytes, at: int, value: int, code: str = "<I") -> bytes:
    return content[:at] + struct.pack(code, value) + content[at + struct.calcsize(code) :]


def number(row: int, column: int) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, 1.0))


def in_circles(content: bytes) -> bytes:
    """Every sector that has one after it is followed by itself."""
    table = 512 * (1 + struct.unpack_from("<I", content, 76)[0])
    follows = list(struct.unpack_from("<128I", content, table))
    round_ = [k if follow < END - 2 else follow for k, follow in enumerate(follows)]
    return content[:table] + struct.pack("<128I", *round_) + content[table + 512 :]


def shared_often() -> bytes:
    text = "x" * 30_000
    cells = b"".join(record(0x00FD, struct.pack("<HHHI", i, 0, 0, 0)) for i in range(20_000))
    first = workbook({"S": cells, "T": [[text]]})
    return xls_made.compound({"Workbook": first})


BIG = [["a", "b"], *([i, f"a longer text {i}"] for i in range(400))]
CASES: list[tuple[str, Callable[[], bytes], str]] = [
    ("far.xls", lambda: xls({"S": number(0, 0) + number(65_535, 255)}), "reaches too far"),
    ("wide.xls", lambda: xls({"S": number(0, 0) + number(300, 65_535)}), "damaged"),
    ("many.xls", lambda: xls({"S": record(0x00BD, struct.pack("<HH", 0, 0) + bytes(8000))}), "damaged"),
    ("often.xls", shared_often, "texts of this sheet are too large"),
    ("password.xls", lambda: xls({"S": ROWS}, before=record(0x002F, b"\1\0" + bytes(50))), "protected by a password"),
    ("no-sheets.xls", lambda: xls({}), "damaged"),
    ("cut.xls", lambda: xls({"S": BIG})[:4000], "damaged"),
    ("cut-header.xls", lambda: xls({"S": BIG})[:300], "damaged"),
    ("circles.xls", lambda: in_circles(xls({"S": BIG})), "damaged"),
    ("difat.xls", lambda: patched(patched(xls({"S": BIG}), 68, 0), 72, 1), "damaged"),
    ("sector-size.xls", lambda: patched(xls({"S": BIG}), 30, 31, "<H"), "damaged"),
    ("directory.xls", lambda: patched(xls({"S": BIG}), 48, 9_000_000), "damaged"),
    ("records.xls", lambda: xls_made.compound({"Workbook": workbook({"S": ROWS})[:-30]}), "damaged"),
    ("texts.xls", lambda: xls({"S": []}, before=record(0x00FC, struct.pack("<IIHB", 1, 1, 60_000, 0))), "damaged"),
    ("short-cell.xls", lambda: xls({"S": record(0x0203, b"\0\0\0")}), "damaged"),
    ("offset.xls", lambda: xls_made.compound({"Workbook": _moved(workbook({"S": ROWS}))}), "damaged"),
    ("junk.xls", lambda: xls_made.compound({"Workbook": bytes(range(256)) * 30}), "damaged"),
    ("letter.doc.xls", lambda: xls_made.compound({"WordDocument": b"words" * 2000}), "holds no workbook"),
    ("letter.doc", lambda: xls_made.compound({"WordDocument": b"words" * 2000}), "an old Office document"),
    ("nothing.xls", lambda: xls({"S": []}), "sheet is empty"),
]  # fmt: skip


def _moved(stream: bytes) -> bytes:
    return patched(stream, stream.index(struct.pack("<H", 0x0085)) + 4, 2**31)


@pytest.mark.parametrize(("name", "make", "said"), CASES, ids=[name for name, *_ in CASES])
def test_refused_at_once_in_its_own_words(tmp_path: Path, name: str, make: Callable[[], bytes], said: str) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    before, began = forget_peak(), time.perf_counter()
    with pytest.raises(UserInputError) as refused:
        load.inspect(DataSpec(DataSource("file", path=str(path))))
    seconds, after = time.perf_counter() - began, peak()
    assert said in refused.value.what
    assert refused.value.where.startswith(name)
    assert refused.value.reason or refused.value.remedy
    assert seconds < SECONDS * (1 if "CI" not in os.environ else 3)
    if before is not None and after is not None:
        assert after - before < MEMORY + 4 * path.stat().st_size


def test_four_billion_announced_texts_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.xls"
    path.write_bytes(xls({"S": ROWS}, announced=2**32 - 1))
    before = forget_peak()
    assert load.inspect(DataSpec(DataSource("file", path=str(path)))).rows == 50
    after = peak()
    if before is not None and after is not None:
        assert after - before < MEMORY


def test_no_change_of_bytes_escapes(tmp_path: Path) -> None:
    """A workbook with some bytes changed is read or refused; nothing else happens."""
    whole, rng, path = xls({"S": ROWS, "T": BIG[:20]}), random.Random(7), tmp_path / "t.xls"
    refused = 0
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(bytes(content))
        try:
            load.inspect(DataSpec(DataSource("file", path=str(path))))
        except UserInputError:
            refused += 1
    assert 0 < refused < 60
