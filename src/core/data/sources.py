"""Opening what a `DataSource` names: a file, a bundled sample or a generator, as a table in DuckDB."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import errno
import hashlib
import json
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from core.budget import DEFAULT, require
from core.data import digest, drawing, store
from core.data.generators import Columns, generate, generator, told
from core.data.images import load as images
from core.data.join import join
from core.data.number_forms import NumberForm
from core.data.progress import Progress, silent
from core.data.readers import read
from core.data.readers.base import Options, RawTable, damaged
from core.data.samples import sample, sample_path
from core.data.schema import Finding, RejectedRow, Together
from core.data.table import PARQUET_COLUMNS, Table, attach, build
from core.data.workspace import Workspace, lost, workspace
from core.errors import MissingFile, UserInputError
from core.spec import DataSource

IN_MEMORY_BYTES = 48 * 2**20  # what is read from larger files is kept on disk, for this time and the next
PARQUET = "cells.parquet"
REMEMBERED = 16
SETTLED_SECONDS = 2.0
_State = tuple[str, int, int, int, int]
_HASHED: dict[tuple[_State, ...], str] = {}  # of files as they were when their bytes were read last
# What DuckDB raises where a binary file contradicts itself.
_BROKEN = (duckdb.InternalException, duckdb.FatalException, duckdb.NotSupportedError)


def title(source: DataSource) -> str:
    """The name of a source for people."""
    if source.kind == "sample":
        return sample(source.name).label
    if source.kind == "generator":
        return generator(source.name).label
    if source.kind == "drawn":
        return drawing.drawing(source.name).label
    return source.name or Path(source.path).name


def note(source: DataSource) -> str:
    """Where bundled data come from, what generated ones are like."""
    if source.kind == "sample":
        return sample(source.name).source
    if source.kind == "drawn":
        return "Drawn by hand and kept in the project."
    return generator(source.name).description if source.kind == "generator" else ""


def content_hash(source: DataSource, *, progress: Progress = silent) -> str:
    """SHA-256 of a file's bytes, of what a generator is told, or of the points of a drawing.

    Raises:
        UserInputError: there is no such source, or it cannot be read to its end.
    """
    found = images.content_hash(source, progress=progress)
    if found is not None:
        return found
    paths = paths_of(source)
    if not paths:
        return hashlib.sha256(json.dumps(_told(source)).encode()).hexdigest()
    try:
        key = tuple(_state(path) for path in paths)
        if key in _HASHED:
            return _HASHED[key]
        made = digest.of_files(paths, progress=lambda share: progress(f"Reading {title(source)}", share))
        if all(time.time() - path.stat().st_mtime > SETTLED_SECONDS for path in paths):
            if len(_HASHED) >= REMEMBERED:
                _HASHED.pop(next(iter(_HASHED)))
            _HASHED[key] = made
        return made
    except OSError as err:
        raise lost(err, *paths) from err


def _state(path: Path) -> _State:
    """What changes whenever a file does, but for two changes within one tick of the clock."""
    found = path.stat()
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _told(source: DataSource) -> list[Any]:
    """All that decides about the rows of a source that is no file."""
    if source.kind == "drawn":
        return ["drawn", source.name, drawing.checked(source.name, source.points)]
    return told(source.name, rows=source.rows, noise=source.noise, seed=source.seed, choices=source.choices)


def reading(source: DataSource, content: str) -> str:
    """Names what is read from a source: its content, and how a person wants it read."""
    options = options_of(source)
    of_files = {"joined": source.joined, "shape": source.shape}
    if options == Options() and not any(of_files.values()):
        return content
    told = [content, dataclasses.astuple(options), *([of_files] if any(of_files.values()) else [])]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def options_of(source: DataSource) -> Options:
    """How a person wants a source read; raises UserInputError for what is no way to read."""
    choices = {"header": ("", "yes", "no"), "decimal": ("", ".", ","), "shape": ("", "table", "images")}
    for name, known in choices.items():
        if getattr(source, name) not in known:
            remedy = f"Use one of: {', '.join(repr(each) for each in known)}."
            what, where = f"{getattr(source, name)!r} is no choice.", f"{title(source)}, {name}"
            raise UserInputError(what, where=where, remedy=remedy)
    return Options(source.part, source.encoding, source.delimiter, source.header, source.decimal)


@contextlib.contextmanager
def open_table(
    source: DataSource, content: str = "", *, progress: Progress, as_text: bool = False, cache: Path | None = None,
    numbers: Collection[str] = (),
) -> Iterator[Table]:  # fmt: skip
    """The table of a source, while the block lasts.

    content: its `content_hash`, under which a large file's columns are kept. as_text: every cell as it is written.
    numbers: columns known to hold numbers.

    Raises:
        UserInputError: what is wrong with the file.
    """
    paths, options = paths_of(source), options_of(source)
    with workspace(store.room(cache), files=paths) as work:
        name = f"table-{store.FORMAT}-{reading(source, content)[:32]}" if content and not as_text else ""
        table = _kept(work, name, cache) if name else None
        if table is None:
            raw = _raw(source, paths, work, options, progress)
            large = raw.size > IN_MEMORY_BYTES
            made = partial(_build, raw, work, where=title(source), decimal=options.decimal, progress=progress)
            if large and name:
                table = _keep(made, raw, work, name, cache)
            else:
                to = work.folder / PARQUET if large else None
                table = made(to=to, as_text=as_text, numbers=numbers)
        yield table


def _raw(
    source: DataSource, paths: tuple[Path, ...], work: Workspace, options: Options, progress: Progress
) -> RawTable:
    if len(paths) > 1:
        raw, together = join(paths, work, how=source.joined, options=options, progress=progress)
        return dataclasses.replace(raw, together=together)
    path = paths[0] if paths else _generated(source, work)
    raw = read(path, work, options=options, progress=progress)
    return dataclasses.replace(raw, size=raw.size or path.stat().st_size)


def _build(
    raw: RawTable, work: Workspace, *, where: str, decimal: str, progress: Progress, to: Path | None,
    as_text: bool = False, numbers: Collection[str] = (),
) -> Table:  # fmt: skip
    """`build`, where a file that DuckDB finds damaged on the way is refused."""
    try:
        return build(
            raw, work, where=where, to=to, as_text=as_text, progress=progress, decimal=decimal, numbers=numbers
        )
    except duckdb.PermissionException:
        raise
    except (duckdb.InvalidInputException, duckdb.DataError, duckdb.SerializationException, *_BROKEN) as err:
        raise damaged(where, raw.format, str(err).splitlines()[0] if str(err) else "") from err


def _kept(work: Workspace, name: str, cache: Path | None) -> Table | None:
    """A table as it was read before, or None."""
    entry = store.find_entry(name, cache)
    if entry is None:
        return None
    table = _table_from_json(entry[1], work)
    work.allow_columns(len(table.names))
    attach(work, entry[0] / PARQUET)
    return table


def _keep(make: Callable[..., Table], raw: RawTable, work: Workspace, name: str, cache: Path | None) -> Table:
    """Read a table with `make`, and keep it for the next time unless it is too wide for that."""
    if len(raw.names) > PARQUET_COLUMNS:
        return make(to=None)
    with store.new_entry(name, cache) as (folder, facts):
        table = make(to=folder / PARQUET)
        facts |= _table_to_json(table)
    attach(work, store.room(cache) / name / PARQUET)
    return table


def _table_to_json(table: Table) -> dict[str, Any]:
    plain = {field.name: getattr(table, field.name) for field in dataclasses.fields(table) if field.name != "work"}
    for name in ("findings", "rejected", "forms"):
        plain[name] = [dataclasses.asdict(each) for each in plain[name]]
    plain["together"] = None if table.together is None else dataclasses.asdict(table.together)
    return plain


def _table_from_json(facts: Mapping[str, Any], work: Workspace) -> Table:
    """The inverse of `_table_to_json`. The entry's checksum has vouched for it."""
    plain = dict(facts)
    plain["findings"] = tuple(Finding(**each) for each in facts["findings"])
    plain["forms"] = tuple(NumberForm(**each) for each in facts["forms"])
    plain["rejected"] = tuple(RejectedRow(**each) for each in facts["rejected"])
    plain["preview"] = tuple(tuple(row) for row in facts["preview"])
    for name in ("names", "numeric", "textual", "parts"):
        plain[name] = tuple(facts[name])
    plain["together"] = Together(**together) if (together := facts.get("together")) else None
    return Table(work=work, **plain)


def paths_of(source: DataSource) -> tuple[Path, ...]:
    """The files to read, () where rows are made; raises UserInputError for one that is not there or too large."""
    if source.kind in ("generator", "drawn"):
        title(source)
        return ()
    if source.kind == "sample":
        return (sample_path(source.name),)
    paths = tuple(dict.fromkeys(Path(path) for path in (source.path, *source.also)))
    for path in paths:
        _check_file(path, title(source) if len(paths) == 1 else path.name)
    remedy = "Split the file, or keep a random part of its rows."
    size, what = sum(path.stat().st_size for path in paths), "This file is too large."
    require(size, DEFAULT.file_bytes, what=what, unit="bytes", where=title(source), remedy=remedy)
    return paths


def _check_file(path: Path, where: str) -> None:
    if path.is_dir():
        raise UserInputError("This is a folder, not a table.", where=where, remedy="Open a CSV or TSV file in it.")
    if not path.is_file():
        _refuse_special(path, where)
        raise MissingFile(path, where)
    try:
        with path.open("rb"):
            return
    except OSError as err:
        raise UserInputError("This file may not be read.", where=where, reason=str(err.strerror)) from err


def _refuse_special(path: Path, where: str) -> None:
    """Raises UserInputError for what is there and no file: opening it could wait, or read, for ever."""
    remedy = "Write its content into a file, and open that."
    try:
        mode = path.stat().st_mode
    except OSError as err:
        if path.is_symlink() and err.errno == errno.ELOOP:
            remedy = "Open the file that it was meant for."
            raise UserInputError("This link leads back to itself.", where=where, remedy=remedy) from err
        return
    for is_one, what in ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
                         (stat.S_ISBLK, "a device")):  # fmt: skip
        if is_one(mode):
            reason = "It has no end that could be known before reading it."
            raise UserInputError(f"This is {what}, not a file.", where=where, reason=reason, remedy=remedy)


def _generated(source: DataSource, work: Workspace) -> Path:
    columns = cells_of(source)
    path = work.folder / "generated.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def cells_of(source: DataSource) -> Columns:
    """The cells of generated or drawn data as text, by column, the target last.

    Raises:
        UserInputError: an unknown generator or drawing, or a setting outside its limits.
    """
    if source.kind == "drawn":
        if lacking := drawing.lacking(source.name, source.points):
            raise UserInputError("This drawing is not ready to learn from.", where=title(source), remedy=lacking)
        return drawing.columns(source.name, source.points)
    return generate(source.name, rows=source.rows, noise=source.noise, seed=source.seed, choices=source.choices)
