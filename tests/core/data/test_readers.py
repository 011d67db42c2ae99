"""What every reader promises, over all that are registered; and a short run of the fuzzer."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

from core.budget import DEFAULT
from core.data import formats
from core.data.progress import silent
from core.data.readers import HEAD, read, reader_for, readers
from core.data.readers.base import Options
from core.data.workspace import workspace
from core.errors import UserInputError

ROOT = Path(__file__).resolve().parents[3]
INPUTS = 40  # per reader; the benchmark of the same name tries 10,000


def fuzzer() -> ModuleType:
    name = "fuzz_readers"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "benchmarks" / "fuzz_readers.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


NAMES = ("csv", "packed", "zip", "json", "arff", "excel", "xls", "parquet", "sqlite", "npy", "npz", "idx", "matlab")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, bytes]]]:
    return fuzzer().inputs().seeds(tmp_path_factory.mktemp("seeds"))


def test_every_reader_has_a_label_and_names() -> None:
    modules = {type(reader).__module__.rpartition(".")[2] for reader in readers()}
    assert modules == set(NAMES)
    labels = [reader.label for reader in readers()]
    assert all(labels)
    assert len(set(labels)) == len(labels)
    for reader in readers():
        assert reader.suffixes
        assert all(suffix == suffix.lower() and suffix[:1] in (".", "-", "") for suffix in reader.suffixes)


def test_file_dialogs_offer_what_is_read() -> None:
    told = {suffix for reader in readers() for suffix in reader.suffixes if suffix}
    assert told <= set(formats.SUFFIXES)
    assert all(f"*{suffix}" in formats.PATTERNS.split() for suffix in told)


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_keeps_its_promises(tmp_path: Path, seeds: dict[str, list[tuple[str, bytes]]], name: str) -> None:
    if name == "matlab":
        pytest.importorskip("scipy")
    for k, (file, content) in enumerate(seeds[name]):
        if name == "idx" and file.endswith(".gz"):
            continue  # a packed file, for the reader of tables
        place = tmp_path / str(k)
        (place / "given").mkdir(parents=True)
        path = place / "given" / file
        path.write_bytes(content)
        assert type(reader_for(path)).__module__.endswith(f".{name}")
        with workspace(place, files=(path,)) as work:
            raw = read(path, work, options=Options(), progress=silent)
            assert raw.format
            assert raw.part in raw.parts or not raw.parts
            numeric = sorted(raw.numeric or ())
            for numbers in ((), numeric):
                rows = work.con.sql(f"SELECT * FROM {raw.relation(numbers, False)}")
                assert rows.columns == [f"c{i}" for i in range(len(raw.names))]
                kinds = [str(kind) for kind in rows.types]
                assert kinds == ["DOUBLE" if i in numbers else "VARCHAR" for i in range(len(raw.names))]
                assert len(rows.fetchall()) > 0
            assert all(len(row) == len(raw.names) for row in raw.sample)
            assert raw.rejected() == ((), 0) or name == "csv"
        assert path.read_bytes() == content
        assert [each.name for each in place.iterdir()] == ["given"]
        assert [each.name for each in path.parent.iterdir()] == [file]


def test_any_beginning_of_a_file_finds_a_reader_or_none(
    tmp_path: Path, seeds: dict[str, list[tuple[str, bytes]]]
) -> None:
    rng = random.Random(3)
    for name in NAMES:
        for file, content in seeds.get(name, []):
            path = tmp_path / file
            for length in (1, 2, 4, 8, 60, rng.randrange(1, HEAD)):
                path.write_bytes(content[:length])
                assert sum(reader.accepts(path, content[: min(length, HEAD)]) for reader in readers()) in (0, 1, 2)


def test_the_budget_is_a_limit_on_columns_in_every_format(
    tmp_path: Path, seeds: dict[str, list[tuple[str, bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    few = replace(DEFAULT, columns=1)
    for name in ("csv", "packed", "zip", "json", "excel", "xls", "parquet", "sqlite", "npy", "npz", "idx", "arff"):
        file, content = seeds[name][0]
        path = tmp_path / file
        path.write_bytes(content)
        with (
            workspace(tmp_path, files=(path,), budget=few) as work,
            pytest.raises(UserInputError, match="too many columns"),
        ):
            read(path, work, options=Options(), progress=silent)


@pytest.mark.parametrize("name", [*NAMES, "images", "album", "drawn", "project"])
def test_damaged_files_end_in_a_table_or_a_refusal(
    tmp_path: Path, seeds: dict[str, list[tuple[str, bytes]]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "matlab":
        pytest.importorskip("scipy")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    ends = set()
    with fuzzer().Reused.connections():
        for number in range(INPUTS):
            file, content = fuzzer().inputs().sample(name, number, seeds[name])
            path = tmp_path / file
            path.write_bytes(content)
            ends.add(fuzzer().try_one(path, prepared=number % 8 == 0))
    assert ends == {"read", "refused"}
