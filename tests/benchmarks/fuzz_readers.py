"""Throws damaged copies of honest files at every reader: each ends in a table or in a refusal, never in another error.

    python tests/benchmarks/fuzz_readers.py                10,000 inputs per reader, in processes that may die
    python tests/benchmarks/fuzz_readers.py -n 500 json    fewer, and for these readers only
    python tests/benchmarks/fuzz_readers.py --one json 42  one input in this process, for a debugger

The input of a number is always the same. Each input is read whole: inspected, with all cells fetched.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
HANG = 20.0  # seconds after which an input counts as hanging
SLOW = 2.0

MARKS = (
    b"\0", b"\xff", b"\n", b"\r", b'"', b"'", b",", b";", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"=", b"\\", b"%",
    b"-1", b"1e999", b"99999999999999999999", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"NaN", b"null",
)  # fmt: skip


def makers(file: str = "makers") -> ModuleType:
    name = f"tests_core_data_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "core" / "data" / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def seeds(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Honest files by reader."""
    import numpy as np

    make = makers()
    rows = [["n", "word", "gap"], *([i / 4, f"wörd {i % 5}", None if i % 3 else True] for i in range(40))]
    text = "".join(",".join("" if c is None else str(c) for c in row) + "\n" for row in rows)
    records = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    arff = "@relation r\n@attribute n numeric\n@attribute w {a,'b c'}\n@attribute s string\n@data\n"
    arff += "".join(f"{i},{'a' if i % 2 else chr(39) + 'b c' + chr(39)},'x, {i}'\n" for i in range(30))
    table = (
        "CREATE TABLE t(a REAL, b TEXT); CREATE TABLE u(c, PRIMARY KEY (c)) WITHOUT ROWID; INSERT INTO u VALUES (1);"
    )
    database = make.sqlite(folder, table, {"t": [(i / 2, f"x{i % 3}") for i in range(60)]})
    select = "SELECT range / 4 AS n, 'w' || range % 5 AS word, [range] AS l, {'a': range} AS s FROM range(60)"
    matrix = np.arange(60, dtype=np.float64).reshape(20, 3)
    found = {
        "csv": [
            ("t.csv", text.encode()),
            ("t.csv", text.encode("utf-16")),
            ("t.csv", text.replace(",", ";").encode("cp1252")),
        ],
        "packed": [(f"t.csv{s}", pack(text.encode())) for s, pack in make.packers.items()],
        "zip": [
            ("t.zip", make.zipped({"t.csv": text, "u.csv": text})),
            ("t.zip", make.zipped({"t.csv": text}, packed=False)),
        ],
        "json": [
            ("t.json", _json(records)),
            ("t.jsonl", make.lines(records).encode()),
            ("t.json", _json({"data": rows})),
        ],
        "arff": [("t.arff", arff.encode()), ("t.arff", b"@relation r\n@attribute a numeric\n@data\n{0 1}\n{}\n")],
        "excel": [
            ("t.xlsx", make.xlsx({"S": rows}, shared=["x"])),
            ("t.ods", make.ods({"S": rows})),
            ("t.xlsx", _stored(make.xlsx({"S": rows}))),
            ("t.ods", _stored(make.ods({"S": rows}))),
        ],
        "xls": [
            ("t.xls", makers("xls_made").xls({"S": rows, "T": [["a"], [1]]})),
            ("t.xls", makers("xls_made").xls({"S": [["a", "b"], *([i, f"text {i}"] for i in range(200))]})),
        ],
        "parquet": [
            ("t.parquet", make.parquet(folder, select)),
            ("t.parquet", make.parquet(folder, select, ", COMPRESSION zstd")),
        ],
        "sqlite": [("t.db", database)],
        "npy": [("t.npy", make.npy(matrix)), ("t.npy", make.npy(np.array(["x", "y"])))],
        "npz": [
            ("t.npz", make.npz({"X": matrix, "y": matrix[:, 0]}, packed=False)),
            ("t.npz", make.npz({"X": matrix})),
        ],
        "idx": [("t-ubyte", make.idx(np.arange(60, dtype=np.uint8).reshape(20, 3)))],
    }
    try:
        arrays = {"X": matrix, "y": np.arange(20)}
        found["matlab"] = [("t.mat", make.mat(arrays)), ("t.mat", make.mat(arrays, packed=True))]
    except ImportError:
        print("SciPy is not installed: MATLAB files are left out.", file=sys.stderr)
    return found


def _json(value: object) -> bytes:
    import json

    return json.dumps(value, ensure_ascii=False).encode()


def _stored(content: bytes) -> bytes:
    """A ZIP with nothing packed, so that changes reach its members."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return bytes(makers().zipped({name: archive.read(name) for name in archive.namelist()}, packed=False))


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A copy with some bytes changed, left out, doubled, put in or cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        at, length = rng.randrange(len(data)), rng.choice((1, 1, 2, 4, 8, 64, 512))
        match rng.randrange(7):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.randrange(256)
            case 2:
                data[at : at + rng.choice((0, 1, 4))] = rng.choice(MARKS)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
            case 5:
                data[at : at + length] = rng.randbytes(min(length, len(data) - at))
            case 6:
                if rng.random() < 0.3:
                    del data[at:]
    return bytes(data)


def zip_repaired(content: bytes, rng: random.Random) -> bytes:
    """A stored archive with one member mutated and its sums right: the damage is met behind the archive."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(list(members))
    members[chosen] = mutated(members[chosen], rng)
    return bytes(makers().zipped(members))


def sample(reader: str, number: int, files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """The input of a number: its file's name and bytes."""
    rng = random.Random(f"{reader} {number}")
    name, content = files[number % len(files)]
    if reader in ("excel", "npz", "zip") and rng.random() < 0.6:
        return name, zip_repaired(content, rng)
    return name, mutated(content, rng)


def try_one(path: Path) -> str:
    """ "read" or "refused"; raises whatever else happens."""
    from core.data import load
    from core.errors import UserInputError
    from core.spec import DataSource, DataSpec

    source = DataSource("file", path=str(path))
    try:
        profile = load.inspect(DataSpec(source))
        load.read_cells(source, tuple(column.name for column in profile.columns[:50]))
    except UserInputError as err:
        return "refused" if err.what and (err.reason or err.remedy) else "a refusal without words"
    return "read"


def serve(pipe: Connection, reader: str, folder: str) -> None:
    """Read inputs by number until the pipe closes; what goes wrong is told, a crash shows by itself."""
    os.environ["CHAINRULE_CACHE"] = str(Path(folder) / "cache")
    place = Path(folder) / "given"
    place.mkdir(exist_ok=True)
    files = seeds(Path(folder))[reader]
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        name, content = sample(reader, number, files)
        path = place / name
        path.write_bytes(content)
        try:
            pipe.send(try_one(path))
        except BaseException:
            pipe.send(traceback.format_exc())


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

    def __call__(self, number: int) -> str:
        self.pipe.send(number)
        first = 60.0 if number == 0 else HANG
        try:
            if self.pipe.poll(first):
                return str(self.pipe.recv())
            answer = "hangs"
        except EOFError:
            self.process.join()
            answer = f"dies with exit code {self.process.exitcode}"
        self.close()
        self._start()
        return answer

    def close(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def fuzz(reader: str, count: int) -> tuple[Counter[str], list[tuple[int, str]], float]:
    """How the inputs ended, what went wrong with which, and the longest time of one."""
    ends: Counter[str] = Counter()
    wrong: list[tuple[int, str]] = []
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        process = Reader(reader, folder)
        for number in range(count):
            began = time.perf_counter()
            answer = process(number)
            longest = max(longest, time.perf_counter() - began) if number else 0.0
            ends[answer if answer in ("read", "refused") else "WRONG"] += 1
            if answer not in ("read", "refused"):
                wrong.append((number, answer))
        process.close()
    return ends, wrong, longest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*")
    parser.add_argument("-n", type=int, default=10_000, help="inputs per reader")
    parser.add_argument("--one", action="store_true", help="READER NUMBER: one input in this process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        known = seeds(Path(folder))
        if options.one:
            reader, number = options.readers
            name, content = sample(reader, int(number), known[reader])
            path = Path(folder) / name
            path.write_bytes(content)
            os.environ["CHAINRULE_CACHE"] = str(Path(folder) / "cache")
            print(content[:2000])
            print(try_one(path))
            return 0
    failed = 0
    for reader in options.readers or known:
        began = time.perf_counter()
        ends, wrong, longest = fuzz(reader, options.n)
        seconds = time.perf_counter() - began
        print(f"{reader:8} {dict(ends)}, {seconds:.0f} s, longest {longest:.2f} s", flush=True)
        kinds: dict[str, tuple[int, str]] = {}
        for number, answer in wrong:
            kinds.setdefault(answer.strip().splitlines()[-1][:160], (number, answer))
        for last, (number, answer) in kinds.items():
            print(f"  {reader} {number}: {last}\n{answer[-1500:] if 'Traceback' in answer else ''}", flush=True)
        failed += len(wrong)
    return min(failed, 1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main())
