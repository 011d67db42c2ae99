"""Hostile and broken files of every format: each is refused in its own words, at once, in little memory.

Nothing in them is run, nothing is written outside the work folder, and that is empty again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import load
from core.errors import UserInputError
from core.paths import cache_folder
from core.spec import DataSource, DataSpec

from ..core.data import makers
from ..core.data.checks import forget_peak, peak
from . import unfolding_tables
from .hostile_tables import CASES, MIB, Make, mat_element, table

SECONDS = 2.0
MEMORY = 256 * MIB
ALL = [*CASES, *unfolding_tables.CASES]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(("name", "make", "said"), ALL, ids=[name for name, *_ in ALL])
def test_refused_at_once_in_its_own_words(tmp_path: Path, name: str, make: Make, said: str) -> None:
    if name.endswith(".mat") and name != "new.mat":
        pytest.importorskip("scipy")
    path = tmp_path / "given" / name
    path.parent.mkdir()
    path.write_bytes(make(tmp_path))
    before, began = forget_peak(), time.perf_counter()
    with pytest.raises(UserInputError) as refused:
        load.inspect(DataSpec(DataSource("file", path=str(path))))
    seconds, after = time.perf_counter() - began, peak()
    error = refused.value
    assert said in error.what
    assert error.where.startswith(name)
    assert error.reason or error.remedy
    assert seconds < SECONDS * (1 if "CI" not in os.environ else 3)
    if before is not None and after is not None and sys.platform == "linux":
        assert after - before < MEMORY + 4 * path.stat().st_size
    assert [each for each in cache_folder().rglob("*") if each.is_file()] == []
    assert list(path.parent.iterdir()) == [path]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "content", "choices", "what"),
    [
        ("t.xlsx", lambda: makers.xlsx({"S": [["a"], [1]]}), {"part": "T"}, "no sheet “T”"),
        ("t.npz", lambda: makers.npz({"x": [1, 2]}), {"part": "y"}, "no array “y”"),
        ("t.zip", lambda: makers.zipped({"t.csv": "a\n1\n"}), {"part": "../x"}, "no file “../x”"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"encoding": "unicode_escape"}, "is no encoding"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"encoding": "x" * 1000}, "is no encoding"),
        ("t.csv", lambda: b"a,b\n1,\xff\n", {"encoding": "UTF-8"}, "not valid UTF-8"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"delimiter": "ab"}, "cannot separate cells"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"delimiter": "1"}, "cannot separate cells"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"delimiter": "\n"}, "cannot separate cells"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"header": "perhaps"}, "is no choice"),
        ("t.csv", lambda: b"a,b\n1,2\n", {"decimal": "'"}, "is no choice"),
    ],
)
def test_choices_that_cannot_be_met(
    tmp_path: Path, name: str, content: Callable[[], bytes], choices: dict[str, str], what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content())
    with pytest.raises(UserInputError) as refused:
        load.inspect(DataSpec(DataSource("file", path=str(path), **choices)))
    assert what in refused.value.what
    assert refused.value.remedy


def test_a_database_whose_tables_stand_in_its_log_is_said(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "t.db")) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("CREATE TABLE t(a, b)")
        con.execute("INSERT INTO t VALUES (1, 2)")
        con.commit()
        with pytest.raises(UserInputError, match="holds no table yet") as refused:
            load.inspect(DataSpec(DataSource("file", path=str(tmp_path / "t.db"))))
    assert "t.db-wal" in refused.value.reason


@pytest.mark.parametrize("order", "<>")
def test_matlab_of_version_4_is_named(tmp_path: Path, order: str) -> None:
    path = tmp_path / "old.mat"
    kind = 0 if order == "<" else 1000
    path.write_bytes(struct.pack(f"{order}5i", kind, 3, 2, 0, 2) + b"x\0" + bytes(48))
    with pytest.raises(UserInputError, match="version 4") as refused:
        load.inspect(DataSpec(DataSource("file", path=str(path))))
    assert "-v7" in refused.value.remedy


def test_a_database_that_another_program_writes_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(table(tmp_path, "CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'x');"))
    (tmp_path / "t.db-wal").write_bytes(b"not yet in the file")
    profile = load.inspect(DataSpec(DataSource("file", path=str(path))))
    assert any("t.db-wal" in finding.text for finding in profile.findings if finding.severity == "warning")
    assert (tmp_path / "t.db-wal").read_bytes() == b"not yet in the file"


def test_matlab_without_scipy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    path = tmp_path / "t.mat"
    path.write_bytes(mat_element(14, 0))
    with pytest.raises(UserInputError, match="SciPy"):
        load.inspect(DataSpec(DataSource("file", path=str(path))))
