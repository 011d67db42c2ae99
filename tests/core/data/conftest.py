"""Files for the tests of data, and what is read from them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.data import load
from core.data.schema import TableProfile
from core.spec import DataSource, DataSpec

Make = Callable[..., DataSource]
Inspect = Callable[..., TableProfile]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHAINRULE_CACHE", str(folder))
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Make:
    """file("a,b\\n1,2\\n", "name.csv", encoding="utf-8") → the source of that file."""

    def make(content: str | bytes, name: str = "table.csv", *, encoding: str = "utf-8") -> DataSource:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return DataSource("file", path=str(path))

    return make


@pytest.fixture
def inspect(file: Make) -> Inspect:
    """inspect("a,b\\n1,2\\n", target="b", ...) → the profile of a file with that content."""

    def look(content: str | bytes, *, name: str = "table.csv", **settings) -> TableProfile:
        return load.inspect(DataSpec(file(content, name), **settings))

    return look
