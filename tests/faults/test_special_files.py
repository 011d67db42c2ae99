"""What has a place in a folder and is no file: each is refused in its own words, and nothing waits for it."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import load
from core.errors import UserInputError
from core.spec import DataSource, DataSpec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such places")

SECONDS = 2.0


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "given"
    folder.mkdir()
    monkeypatch.chdir(folder)  # the path of a socket must be short
    os.mkfifo("pipe.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.csv")
        os.symlink("/dev/zero", "device.csv")
        os.symlink("pipe.csv", "link to a pipe.csv")
        os.symlink(folder / "loop.csv", "loop.csv")
        os.mkdir("folder.csv")
        Path("good.csv").write_text("a,b\n1,2\n2,3\n")
        yield folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe.csv", "This is a pipe, not a file."),
        ("link to a pipe.csv", "This is a pipe, not a file."),
        ("socket.csv", "This is a socket, not a file."),
        ("device.csv", "This is a device, not a file."),
        ("loop.csv", "This link leads back to itself."),
        ("folder.csv", "This is a folder, not a table."),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_refused_at_once(places: Path, name: str, said: str, *, beside: bool) -> None:
    given = str(places / name)
    source = (
        DataSource("file", path=str(places / "good.csv"), also=(given,)) if beside else DataSource("file", "", given)
    )
    began = time.perf_counter()
    for read in (load.inspect, load.prepare):
        with pytest.raises(UserInputError) as refused:
            read(DataSpec(source))
        alone = name == "folder.csv" and not beside
        assert refused.value.what == ("This folder holds no images." if alone else said)
        assert name in refused.value.where
        assert refused.value.remedy
    assert time.perf_counter() - began < SECONDS
