"""Throws damaged copies of honest files at every reader: each ends in a table or in a refusal, never in another error.

    python tests/benchmarks/fuzz_readers.py                10,000 inputs per reader, in processes that may die
    python tests/benchmarks/fuzz_readers.py -n 500 json    fewer, and for these readers only
    python tests/benchmarks/fuzz_readers.py --one json 42  one input in this process, for a debugger

The input of a number is always the same. Each input is read whole: inspected, with all cells fetched, every eighth
prepared for training too. It counts as wrong where it raises anything but a refusal in words, takes more than 2 seconds
of processor time, more memory than 256 MB and 4 times its size, or leaves a file behind. One connection to DuckDB
serves all inputs of a process, each in a database of its own: opening one takes longer than reading most of them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HANG = 20.0  # seconds of processor time after which an input counts as hanging
SLOW = 2.0
MEMORY = 256 * 2**20
ADDRESSES = 8 * 2**30  # that a process may ask for: what asks for more fails here and not in the whole system
PREPARED_EACH = 8


def inputs() -> ModuleType:
    name = "fuzz_inputs"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


# --- one input


def try_one(path: Path, *, prepared: bool = False) -> str:
    """ "read" or "refused"; raises whatever else happens. prepared: make arrays to train on too."""
    from core.errors import UserInputError

    try:
        if path.suffix == ".chainrule":
            _open_project(path)
        else:
            _read_data(path, prepared=prepared)
    except UserInputError as err:
        return "refused" if err.what and (err.reason or err.remedy) else f"a refusal without words: {err!r}"
    return "read"


def _open_project(path: Path) -> None:
    from core.network import Network
    from core.project import file

    saved = file.load(path, data_folder=path.parent / "carried")
    Network.of(saved.project.network)
    if saved.weights is not None and saved.prepared is not None:
        saved.model()


def _read_data(path: Path, *, prepared: bool) -> None:
    from core.data import load
    from core.data.images.album import Size
    from core.data.images.recognize import recognize
    from core.errors import UserInputError
    from core.spec import DataSource, DataSpec

    source = _drawn(path) if path.suffix == ".drawn" else DataSource("file", path=str(path))
    profile = load.inspect(DataSpec(source))
    album = recognize(source)
    if album is None:
        load.read_cells(source, tuple(column.name for column in profile.columns[:50]))
    else:
        for channels in (1, 3):
            for picture in album.pixels.pictures(range(min(4, len(album))), Size(7, 5, channels)):
                assert isinstance(picture, str) or picture.shape == (7, 5, channels)
    if prepared:
        with contextlib.suppress(UserInputError):
            load.prepare(DataSpec(source))


def _drawn(path: Path) -> Any:
    """A drawing as a project keeps it; what is none is refused there."""
    from core.errors import UserInputError
    from core.spec import DataSource

    try:
        return DataSource.from_json(json.loads(path.read_bytes()))
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError) as err:
        raise UserInputError("This is no drawing.", reason=repr(err)) from err


class Reused:
    """A connection to DuckDB that is used again after it was closed, each time in an empty database."""

    def __init__(self) -> None:
        self._con: Any = None
        self._real: Any = None
        self._uses = 0

    def __call__(self, folder: Path, files: tuple[Path, ...], room: Path, budget: Any) -> Any:
        if self._con is None:
            around = Path(os.path.commonpath([room, *(file.parent for file in files)]))
            self._con = self._real(folder, (), around, budget)
            self._con.execute("SET threads = 1")
        self._con.execute(f"SET memory_limit = '{budget.memory_bytes // 2**20}MiB'")
        self._uses += 1
        self._con.execute(f"ATTACH ':memory:' AS own{self._uses}")
        self._con.execute(f"USE own{self._uses}")
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def close(self) -> None:
        try:
            for statement in (
                "USE memory", f"DETACH own{self._uses}", "DROP TABLE IF EXISTS temp.reject_errors",
                "DROP TABLE IF EXISTS temp.reject_scans",
            ):  # fmt: skip
                self._con.execute(statement)
        except Exception:  # a broken connection is not used again
            self._con.close()
            self._con = None

    @classmethod
    @contextlib.contextmanager
    def connections(cls) -> Any:
        """Inside the block, every workspace gets the same connection."""
        from core.data import workspace

        reused = cls()
        reused._real = workspace._connect
        workspace._connect = reused  # type: ignore[assignment]
        try:
            yield
        finally:
            workspace._connect = reused._real


# --- processes


def serve(pipe: Connection, reader: str, folder: str) -> None:
    """Read ranges of inputs until the pipe closes; what goes wrong is told, a crash shows by itself."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cache, place = Path(folder) / "cache", Path(folder) / "given"
    os.environ["CHAINRULE_CACHE"] = str(cache)
    place.mkdir(exist_ok=True)
    files = inputs().seeds(Path(folder))[reader]
    with contextlib.suppress(EOFError), Reused.connections():
        try_one(_given(place, *files[0]))
        while True:
            for number in range(*pipe.recv()):
                name, content = inputs().sample(reader, number, files)
                pipe.send((number, *_measured(_given(place, name, content), number, cache)))


def _given(place: Path, name: str, content: bytes) -> Path:
    path = place / name
    path.write_bytes(content)
    return path


def _measured(path: Path, number: int, cache: Path) -> tuple[str, float, int]:
    """How one input ended, with what it took where that was too much; seconds of processor time, bytes of memory."""
    before, began = _peak(forget=True), time.process_time()
    try:
        answer = try_one(path, prepared=number % PREPARED_EACH == 0)
    except BaseException:
        answer = traceback.format_exc()
    seconds, grown = time.process_time() - began, _peak() - before
    size = path.stat().st_size
    path.unlink()
    if seconds > SLOW:
        answer = f"slow: {seconds:.1f} s\n{answer}"
    if grown > MEMORY + 4 * size:
        answer = f"large: {grown / 2**20:.0f} MB\n{answer}"
    if left := [str(each) for each in path.parent.iterdir() if each.name != "carried"]:
        answer = f"left behind: {left}"
    if left := [str(each) for each in cache.glob("work-*")]:
        answer = f"left behind: {left}"
    return answer, seconds, grown


def _peak(*, forget: bool = False) -> int:
    """The most memory that this process held since it was forgotten; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        if forget:
            Path("/proc/self/clear_refs").write_text("5")
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    return 0


class Reader:
    """A process that reads inputs, started again after it died or hung."""

    def __init__(self, reader: str, folder: str) -> None:
        self.reader, self.folder = reader, folder
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.reader, self.folder), daemon=True)
        self.process.start()
        theirs.close()

    def __call__(self, count: int) -> Any:
        """(number, answer, seconds, bytes) of all inputs below `count`."""
        number = 0
        while number < count:
            self.pipe.send((number, count))
            with contextlib.suppress(EOFError, OSError):
                while number < count and self._waits():
                    number, *ended = self.pipe.recv()
                    yield number, *ended
                    number += 1
            if number < count:
                hangs = self.process.is_alive()
                self.close()
                yield number, "hangs" if hangs else f"dies with exit code {self.process.exitcode}", 0.0, 0
                number += 1
                self._start()

    def _waits(self) -> bool:
        """Whether an answer comes before the process has computed for too long; one that is paused is not late."""
        began = self._computed()
        while not self.pipe.poll(HANG):
            if not self.process.is_alive() or self._computed() - began > HANG / 2:
                return False
        return True

    def _computed(self) -> float:
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return time.monotonic()

    def close(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass
class Outcome:
    """How the inputs of a reader ended, what went wrong with which, and the most that one of them took."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0
    largest: int = 0

    def line(self, reader: str, count: int, seconds: float) -> str:
        """A row of a table: inputs, read, refused, wrong, the longest and the largest of them."""
        counts = " | ".join(f"{self.ends[end]:,}" for end in ("read", "refused", "WRONG"))
        most = f"{self.slowest:.2f} s | {self.largest / 2**20:.0f} MB"
        return f"| {reader} | {count:,} | {counts} | {most} | {seconds:.0f} s |"


def fuzz(reader: str, count: int) -> Outcome:
    """What became of the first `count` inputs of a reader."""
    found = Outcome()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = Reader(reader, folder)
        for number, answer, seconds, grown in process(count):
            found.ends[answer if answer in ("read", "refused") else "WRONG"] += 1
            found.slowest, found.largest = max(found.slowest, seconds), max(found.largest, grown)
            if answer not in ("read", "refused"):
                found.wrong.append((number, answer))
        process.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*")
    parser.add_argument("-n", type=int, default=10_000, help="inputs per reader")
    parser.add_argument("--one", action="store_true", help="READER NUMBER: one input in this process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHAINRULE_CACHE"] = str(Path(folder) / "cache")
        known = inputs().seeds(Path(folder))
        if options.one:
            reader, number = options.readers
            name, content = inputs().sample(reader, int(number), known[reader])
            print(content[:2000])
            path = _given(Path(folder), name, content)
            print(try_one(path, prepared=int(number) % PREPARED_EACH == 0))
            return 0
    failed = 0
    print("| reader | inputs | read | refused | wrong | slowest | largest | together |")
    for reader in options.readers or known:
        began = time.perf_counter()
        found = fuzz(reader, options.n)
        print(found.line(reader, options.n, time.perf_counter() - began), flush=True)
        kinds: dict[str, tuple[int, str]] = {}
        for number, answer in found.wrong:
            kinds.setdefault(answer.strip().splitlines()[-1][:160], (number, answer))
        for last, (number, answer) in kinds.items():
            print(f"  {reader} {number}: {last}\n{answer[-1500:]}", flush=True)
        failed += len(found.wrong)
    return min(failed, 1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main())
