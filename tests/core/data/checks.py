"""Reading a whole file and comparing all of it."""

from __future__ import annotations

from pathlib import Path

from core.data import load
from core.data.schema import TableProfile
from core.spec import DataSource, DataSpec

Cells = list[tuple[str | None, ...]]


def read(path: Path, **choices: str) -> tuple[TableProfile, Cells]:
    """The profile of a file and all its cells, read a second time as text."""
    source = DataSource("file", path=str(path), **choices)
    profile = load.inspect(DataSpec(source))
    names = tuple(column.name for column in profile.columns)
    columns = load.read_cells(source, names)
    return profile, list(zip(*(columns[name] for name in names), strict=True))


def check(path: Path, names: tuple[str, ...], rows: Cells, **choices: str) -> TableProfile:
    profile, cells = read(path, **choices)
    assert tuple(column.name for column in profile.columns) == names
    assert cells == rows
    assert list(profile.preview) == rows
    assert profile.rows == len(rows)
    assert profile.rejected_count == 0
    return profile


def peak() -> int | None:
    """The most memory that this process has held since `forget_peak`, None where the system does not say."""
    try:
        return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
    except OSError:
        return None


def forget_peak() -> int | None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return peak()
