"""Rows to look at: any of them as it is written, sorted, filtered, with the part that it is in."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.data import browse, load, row_file, sources
from core.data.browse import Browser
from core.data.progress import silent
from core.data.schema import NO_PART, View
from core.spec import DataSource, DataSpec

Rows = list[list[str]]
PLAIN = View()


def made(path: Path, rows: Rows, *, header: str = "a,b,c", end: str = "\n") -> DataSource:
    path.write_bytes(end.join([header, *(",".join(row) for row in rows)]).encode() + end.encode())
    return DataSource("file", path.name, str(path))


@contextmanager
def browsing(source: DataSource) -> Iterator[Browser]:
    browser = Browser(source, load.content_hash(source))
    try:
        yield browser
    finally:
        browser.close()


def cells(browser: Browser, view: View = PLAIN) -> list[tuple[str | None, ...]]:
    """All rows of a view, fetched in pieces as a table does."""
    count = browser.look(view)
    return [row for first in range(0, count, 7) for row in browser.page(first, 7).rows]


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read where they lie, as large ones are."""
    for module in (sources, browse):
        monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)


def random_rows(count: int) -> Rows:
    draw = random.Random(3)
    texts = ["oak 2", "oak 10", '"say ""hi"", twice"', '"two\nlines"', "élan", "", "  padded  "]
    return [[f"{draw.uniform(-9, 9):.4f}", draw.choice(texts), str(draw.randrange(5))] for _ in range(count)]


def written(rows: Rows) -> list[tuple[str | None, ...]]:
    """What is to be seen of cells that stand in a CSV file."""
    plain = [[c[1:-1].replace('""', '"') if c.startswith('"') else c for c in row] for row in rows]
    return [tuple(c.strip(" ") or None for c in row) for row in plain]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_row_of_a_large_file_is_shown_as_it_is_written(tmp_path: Path, in_place: None, end: str) -> None:
    rows = random_rows(300)
    source = made(tmp_path / "t.csv", rows, end=end)
    with browsing(source) as browser:
        assert browser._file.path == Path(source.path)
        assert cells(browser) == written(rows)


def test_a_small_file_is_shown_alike(tmp_path: Path) -> None:
    rows = random_rows(300)
    with browsing(made(tmp_path / "t.csv", rows)) as browser:
        assert cells(browser) == written(rows)


def test_blank_lines_and_rows_that_do_not_fit_are_no_rows(tmp_path: Path, in_place: None) -> None:
    path = tmp_path / "t.csv"
    lines = [f"{i},{i * i},x{i}" for i in range(60)]
    path.write_text("a,b,c\n" + "\n".join([*lines[:20], "", "1,2", *lines[20:40], "1,2,3,4", "", *lines[40:]]))
    with browsing(DataSource("file", path.name, str(path))) as browser:
        assert cells(browser) == [tuple(line.split(",")) for line in lines]
        assert browser._file.path == path


def test_numbers_are_sorted_by_value_and_what_is_missing_stands_last(tmp_path: Path, in_place: None) -> None:
    rows = [[text, "x", "1"] for text in ("10", "9", "-1.5", "", "2e1", "NA")] * 20
    with browsing(made(tmp_path / "t.csv", rows)) as browser:
        first = [row[0] for row in cells(browser, View(0))]
        assert first == ["-1.5"] * 20 + ["9"] * 20 + ["10"] * 20 + ["2e1"] * 20 + [None, "NA"] * 20
        down = [row[0] for row in cells(browser, View(0, descending=True))]
        assert down == ["2e1"] * 20 + ["10"] * 20 + ["9"] * 20 + ["-1.5"] * 20 + [None, "NA"] * 20


def test_texts_are_sorted_as_people_count(tmp_path: Path) -> None:
    rows = [[str(i), text, "1"] for i, text in enumerate(("oak 10", "Oak 2", "ash", "oak 2b", "", "oak 1"))]
    with browsing(made(tmp_path / "t.csv", rows)) as browser:
        assert [row[1] for row in cells(browser, View(1))] == ["ash", "oak 1", "Oak 2", "oak 2b", "oak 10", None]


def test_equal_cells_keep_the_order_of_the_file_and_rows_their_numbers(tmp_path: Path, in_place: None) -> None:
    rows = random_rows(200)
    with browsing(made(tmp_path / "t.csv", rows)) as browser:
        browser.look(View(2))
        page = browser.page(0, 200)
        assert page.rows == tuple(written(rows)[n] for n in page.numbers)
        assert list(page.numbers) == sorted(range(200), key=lambda n: (float(rows[n][2]), n))


def test_rows_are_filtered_by_a_text_in_any_column_and_stay_sorted(tmp_path: Path, in_place: None) -> None:
    rows = random_rows(200)
    with browsing(made(tmp_path / "t.csv", rows)) as browser:
        assert browser.look(View(containing="ÉLAN")) == sum("élan" in row for row in rows)
        found = [row[0] for row in cells(browser, View(0, containing="oak"))]
        assert found == sorted((row[0] for row in rows if "oak" in row[1]), key=float)
        assert browser.look(View(containing="a.*")) == 0
        assert browser.look(View()) == 200


def test_the_part_of_each_row_is_told(tmp_path: Path) -> None:
    rows = [[str(i / 7), "yes" if i % 2 else "no", "" if i == 5 else str(i % 3)] for i in range(90)]
    source = made(tmp_path / "t.csv", rows)
    prepared = load.prepare(DataSpec(source, target="c", task="classification"), cache=tmp_path / "cache")
    with browsing(source) as browser:
        parts = browser.page(0, 90, prepared=prepared.folder).parts
        assert [parts.count(k) for k in range(3)] == [prepared.rows[name] for name in ("train", "validation", "test")]
        assert parts[5] == NO_PART
        assert set(browser.page(0, 90).parts) == {NO_PART}


def test_data_that_are_no_file_can_be_looked_at(tmp_path: Path) -> None:
    with browsing(DataSource("sample", "iris")) as browser:
        assert len(cells(browser)) == 150
    with browsing(DataSource("generator", "spirals", rows=120)) as browser:
        profile = load.inspect(DataSpec(DataSource("generator", "spirals", rows=120)))
        assert cells(browser)[:100] == list(profile.preview[:100])


def test_a_decimal_comma_is_a_number(tmp_path: Path, in_place: None) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x;y\n" + "".join(f"{a};{b}\n" for a, b in [("1,5", "u"), ("-2,25", "v"), ("0,5", "w")] * 30))
    with browsing(DataSource("file", path.name, str(path))) as browser:
        assert [row[0] for row in cells(browser, View(0))] == ["-2,25"] * 30 + ["0,5"] * 30 + ["1,5"] * 30
        assert browser._file.path == path


def test_one_column_with_gaps(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "".join(f"{i}\n" for i in range(40)) + "\n7\n")
    rows = load.inspect(DataSpec(DataSource("file", path.name, str(path)))).rows
    with browsing(DataSource("file", path.name, str(path))) as browser:
        assert len(cells(browser)) == rows


def test_rows_are_found_across_the_borders_of_what_is_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "CHUNK", 64)
    rows = random_rows(80)
    path = Path(made(tmp_path / "t.csv", rows).path)
    found = row_file.index(path, tmp_path / "starts", delimiter=",", quote='"', width=3, header=True, progress=silent)
    assert found.read(range(80)) == written(rows)
    assert [int(n) for n in found.search("oak", progress=silent)] == [i for i, r in enumerate(rows) if "oak" in r[1]]
