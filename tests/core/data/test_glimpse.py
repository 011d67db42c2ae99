"""The first rows of a large file, before all of it is read."""

from pathlib import Path

import pytest

from core.data import glimpse, load
from core.spec import DataSource, DataSpec

ROWS = [f"{i / 8},{'yes' if i % 3 else 'no'}" for i in range(40_000)]


@pytest.fixture(autouse=True)
def _no_file_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glimpse, "LEAST_BYTES", 0)
    monkeypatch.setattr(glimpse, "HEAD_BYTES", 5000)


def spec_of(path: Path, text: bytes) -> DataSpec:
    path.write_bytes(text)
    return DataSpec(DataSource("file", path.name, str(path)))


def test_it_shows_the_first_rows_as_reading_all_of_them_does(tmp_path: Path) -> None:
    spec = spec_of(tmp_path / "t.csv", ("x,y\n" + "\n".join(ROWS)).encode())
    first, whole = glimpse.glimpse(spec), load.inspect(spec)
    assert first is not None
    assert first.name == "t.csv"
    assert first.preview == whole.preview
    assert first.rows == len(first.preview)
    assert [(c.name, c.kind) for c in first.columns] == [(c.name, c.kind) for c in whole.columns]
    assert not first.findings


@pytest.mark.parametrize(
    "text", [b"", b"x,y\n", b"\x00\x01" * 4000, "x,y\n1,2\n".encode("utf-16") * 900, b"PK\x03\x04" + b"a\n" * 4000]
)
def test_what_is_not_plain_text_is_left_to_reading_all(tmp_path: Path, text: bytes) -> None:
    assert glimpse.glimpse(spec_of(tmp_path / "t.csv", text)) is None


def test_there_is_none_of_what_is_no_file(tmp_path: Path) -> None:
    assert glimpse.glimpse(DataSpec(DataSource("sample", "iris"))) is None
    assert glimpse.glimpse(DataSpec(DataSource("file", "gone.csv", str(tmp_path / "gone.csv")))) is None
