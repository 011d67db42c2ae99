"""The process that serves rows: requests arrive faster than they are answered, and the data change meanwhile."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.data import load
from core.data.schema import View
from core.engine.pages import BLOCK_ROWS, Ask, Block, Counted, Unreadable, pages_main
from core.engine.process import ChildProcess
from core.spec import DataSource

ROWS = 5000
HEARD: dict[int, list[Any]] = {}  # what a child said and nobody waited for yet


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    process = ChildProcess(pages_main, name="pages")
    yield process
    process.kill()


def numbers_of(path: Path, seed: int) -> tuple[DataSource, str, list[str]]:
    draw = random.Random(seed)
    cells = [f"{draw.uniform(-5, 5):.5f}" for _ in range(ROWS)]
    path.write_text("x,y\n" + "".join(f"{cell},{i % 3}\n" for i, cell in enumerate(cells)))
    source = DataSource("file", path.name, str(path))
    return source, load.content_hash(source), cells


def wait(child: ChildProcess, kind: type, stamp: int) -> Any:
    deadline, heard = time.monotonic() + 30, HEARD.setdefault(child.pid, [])
    while time.monotonic() < deadline:
        for message in heard:
            assert not isinstance(message, Unreadable) or kind is Unreadable, message
            if isinstance(message, kind) and message.stamp == stamp:
                heard.remove(message)
                return message
        heard += child.wait(0.5)
    raise AssertionError(f"no {kind.__name__} of {stamp}")


def test_rows_come_sorted_and_of_the_newest_data(child: ChildProcess, tmp_path: Path) -> None:
    one, first, cells = numbers_of(tmp_path / "one.csv", 1)
    child.send(Ask(1, one, first, View(), "", ((3, 0),)))
    assert wait(child, Counted, 1).rows == ROWS
    page = wait(child, Block, 1).page
    assert [row[0] for row in page.rows] == cells[3 * BLOCK_ROWS : 4 * BLOCK_ROWS]
    for stamp in range(2, 40):
        child.send(Ask(stamp, one, first, View(0, descending=stamp % 2 == 0), "", ((0, 0), (1, 0))))
    page = wait(child, Block, 39).page
    assert [row[0] for row in page.rows] == sorted(cells, key=float)[:BLOCK_ROWS]
    two, second, others = numbers_of(tmp_path / "two.csv", 2)
    child.send(Ask(40, two, second, View(), "", ((ROWS // BLOCK_ROWS, 0),)))
    page = wait(child, Block, 40).page
    assert [row[0] for row in page.rows] == others[ROWS // BLOCK_ROWS * BLOCK_ROWS :]


def test_a_file_that_is_gone_is_said_and_the_next_one_is_read(child: ChildProcess, tmp_path: Path) -> None:
    gone = DataSource("file", "gone.csv", str(tmp_path / "gone.csv"))
    child.send(Ask(1, gone, "0", View(), "", ((0, 0),)))
    assert "not there" in str(wait(child, Unreadable, 1).error)
    source, digest, cells = numbers_of(tmp_path / "one.csv", 1)
    child.send(Ask(2, source, digest, View(), "", ((0, 0),)))
    assert wait(child, Block, 2).page.rows[0][0] == cells[0]


def test_it_ends_when_the_window_does(child: ChildProcess, tmp_path: Path) -> None:
    source, digest, _ = numbers_of(tmp_path / "one.csv", 1)
    child.send(Ask(1, source, digest, View(), "", ((0, 0),)))
    wait(child, Block, 1)
    child._pipe.close()
    child._process.join(5)
    assert child._process.exitcode == 0
