"""From a source to a profile, to arrays, to rows for prediction. Runs in the jobs process, or headless."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.budget import DEFAULT, require
from core.budget import measure as measure_bytes
from core.data import fit, store
from core.data.generators import generate, generator
from core.data.preprocess import ClassTarget, Feature, NumberTarget, Preparation
from core.data.profile import Column, measure, with_most_frequent
from core.data.progress import Progress, silent
from core.data.readers import reader_for
from core.data.roles import Roles, assign, findings
from core.data.samples import sample, sample_path
from core.data.schema import ColumnProfile, Finding, Part, Prepared, TableProfile
from core.data.split import split
from core.data.table import Table, build
from core.data.workspace import Workspace, workspace
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.losses import outputs_for, resolve
from core.spec import DataSource, DataSpec

IN_MEMORY_BYTES = 48 * 2**20  # larger files go through a Parquet file on disk
CHUNK = 2**20
COLUMNS_AT_ONCE = 64  # written side by side, because one column alone touches every page of the array

Cells = tuple[tuple[str | None, ...], ...]


def inspect(spec: DataSpec, *, progress: Progress = silent) -> TableProfile:
    """What is in a source: columns, kinds, guesses, findings, first rows.

    Raises:
        UserInputError: a source that cannot be read, or a specification that names a column that is not there.
    """
    digest = content_hash(spec.source, progress=progress)
    with _table(spec.source, progress=progress) as table:
        columns = with_most_frequent(table, measure(table, spec.kinds, progress=progress))
        roles = assign(columns, spec)
        found = (*_changed(spec.source, digest), *findings(table, columns, roles, spec.excluded))
    target = with_target_histogram(columns, roles)
    return TableProfile(
        name=title(spec.source),
        rows=table.rows,
        columns=target,
        target=roles.target.name,
        task=roles.task,
        target_reason=roles.reason,
        encoding=table.encoding,
        delimiter=table.delimiter,
        header=table.header,
        sha256=digest,
        findings=found,
        rejected=table.rejected,
        rejected_count=table.rejected_count,
        preview=table.preview,
        source_note=_note(spec.source),
    )


def _changed(source: DataSource, digest: str) -> tuple[Finding, ...]:
    if source.kind != "file" or source.sha256 in ("", digest):
        return ()
    return (Finding("warning", "The file has changed since it was chosen: what was trained before saw other rows."),)


def with_target_histogram(columns: tuple[Column, ...], roles: Roles) -> tuple[ColumnProfile, ...]:
    """Profiles as shown: the target as classes where it is one."""
    return tuple(roles.target.profile if c.name == roles.target.name else c.profile for c in columns)


def prepare(spec: DataSpec, *, progress: Progress = silent, cache: Path | None = None) -> Prepared:
    """Arrays ready to train on; reused where the same content was prepared in the same way before.

    Raises:
        UserInputError: a source that cannot be read, or one that nothing can be learned from.
    """
    print_ = fingerprint(spec, content_hash(spec.source, progress=progress))
    known = store.find(print_, cache)
    if known is not None:
        return known
    with _table(spec.source, progress=progress, cache=cache) as table:
        roles = assign(measure(table, spec.kinds, progress=progress), spec)
        if roles.blocked:
            raise UserInputError(roles.blocked, where=title(spec.source))
        with store.writing(print_, cache) as folder:
            prepared = _write(table, roles, spec, folder, print_, progress)
            store.write_facts(folder, prepared)
    return replace(prepared, folder=str(store.room(cache) / print_))


def _write(table: Table, roles: Roles, spec: DataSpec, folder: Path, print_: str, progress: Progress) -> Prepared:
    y, labels = fit.read_target(table, roles)
    known = np.flatnonzero(y >= 0 if labels else np.isfinite(y))
    parts = _parts(y[known], known, labels, spec, title(spec.source))
    target = fit.fit_target(roles, y[parts["train"]], labels)
    for part, rows in parts.items():
        _write_rows(folder, part, rows, y, target)
    features = _write_features(table, roles, parts, folder, progress, where=title(spec.source))
    names = fit.input_names(features)
    loss = resolve("auto", roles.task, len(labels))
    return Prepared(
        folder=str(folder),
        fingerprint=print_,
        task=roles.task,
        target=roles.target.name,
        feature_names=names,
        row_shape=(len(names),),
        outputs=outputs_for(loss, len(labels)),
        classes=labels,
        rows={part: len(rows) for part, rows in parts.items()},
        preparation=Preparation(features, target),
        warnings=_warnings(table, roles, known, features),
    )


def _write_features(
    table: Table, roles: Roles, parts: dict[str, np.ndarray], folder: Path, progress: Progress, *, where: str
) -> tuple[Feature, ...]:
    """Fit every feature to the training rows and write x of all parts, a few columns at a time."""
    train = parts["train"]
    labelled = [column for column in roles.features if column.kind != "number"]
    categories = {column.index: fit.fit_feature(fit.read_labels(table, column), train) for column in labelled}
    columns = [column for column in roles.features if categories.get(column.index, True)]
    width = sum(fit.width(found) if (found := categories.get(column.index)) else 1 for column in columns)
    rows = sum(map(len, parts.values()))
    _check_size(rows * width * 4, folder, where)
    arrays = {part: store.new_array(folder, part, "x", (len(rows), width), np.float32) for part, rows in parts.items()}
    features: list[Feature] = []
    held: list[np.ndarray] = []
    at = 0
    for k, values in enumerate(fit.read_features(table, columns)):
        progress("Preparing columns", k / len(columns))
        feature = categories.get(values.column.index) or fit.fit_feature(values, train)
        assert feature is not None
        features.append(feature)
        held.append(fit.transform(feature, values))
        if len(held) == COLUMNS_AT_ONCE or k == len(columns) - 1:
            block, held = np.concatenate(held, axis=1), []
            for part, chosen in parts.items():
                arrays[part][:, at : at + block.shape[1]] = block[chosen]
            at += block.shape[1]
    return tuple(features)


def _write_rows(folder: Path, part: str, rows: np.ndarray, y: np.ndarray, target: ClassTarget | NumberTarget) -> None:
    if isinstance(target, ClassTarget):
        store.new_array(folder, part, "y", (len(rows),), np.int32)[...] = y[rows]
    else:
        scaled = (y[rows] - target.mean) / target.scale
        store.new_array(folder, part, "y", (len(rows), 1), np.float32)[...] = scaled[:, None]
    store.new_array(folder, part, "row_numbers", (len(rows),), np.int64)[...] = rows


def _parts(
    y: np.ndarray, known: np.ndarray, labels: tuple[str, ...], spec: DataSpec, where: str
) -> dict[str, np.ndarray]:
    if len(known) < 2:
        raise UserInputError(
            "There are too few rows with a target to learn from.", where=where, reason=f"There is {len(known)}.",
            remedy="Choose another target, or use more data.",
        )  # fmt: skip
    classes = y if labels else None
    found = split(len(known), validation=spec.validation, test=spec.test, seed=spec.seed, classes=classes)
    return {part: known[rows] for part, rows in zip(store.PARTS, found, strict=True)}


def _check_size(size: int, folder: Path, where: str) -> None:
    what, remedy = "The prepared data would be too large.", "Use fewer rows or exclude columns."
    require(size, DEFAULT.array_bytes, what=what, unit="bytes", where=where, remedy=remedy)
    free = shutil.disk_usage(folder).free
    if size > free:
        # Writing through a memory map to a full disk would kill the process.
        raise UserInputError(
            "There is not enough disk space for the prepared data.", where=where,
            reason=f"They need {measure_bytes(size, 'bytes')}; {measure_bytes(free, 'bytes')} are free.",
            remedy="Free some space, or set CHAINRULE_CACHE to a folder on another disk.",
        )  # fmt: skip


def _warnings(table: Table, roles: Roles, known: np.ndarray, features: tuple[Feature, ...]) -> tuple[str, ...]:
    found = []
    if lost := table.rows - len(known):
        rows = "A row without a target was" if lost == 1 else f"{lost:,} rows without a target were"
        found.append(f"{rows} left out.")
    used = {feature.name for feature in features}
    lacking = [f"“{column.name}”" for column in roles.features if column.name not in used]
    if lacking:
        found.append(f"Left out, since no training row has a value: {', '.join(lacking)}.")
    return tuple(found)


# --- rows for prediction


def load_for_prediction(
    source: DataSource, preparation: Preparation, *, progress: Progress = silent
) -> tuple[np.ndarray, Cells, tuple[str, ...], tuple[str, ...]]:
    """x, the cells of the features as text, their names, and notes on cells that could not be used as they are.

    Columns may stand in any order, and others beside them.

    Raises:
        UserInputError: a source that cannot be read, or lacks a column.
    """
    names = tuple(feature.name for feature in preparation.features)
    columns = read_cells(source, names, progress=progress)
    x, notes = prepared_rows(preparation, columns)
    return x, tuple(zip(*(columns[name] for name in names), strict=True)), names, notes


def load_with_target(source: DataSource, preparation: Preparation, *, progress: Progress = silent) -> Part:
    """All rows of a source whose target is known, prepared as in training.

    Raises:
        UserInputError: a source that cannot be read, lacks a column, or has no row with a known target.
    """
    target = preparation.target
    names = tuple(feature.name for feature in preparation.features)
    columns = read_cells(source, (*names, target.name), progress=progress)
    x, _ = prepared_rows(preparation, {name: columns[name] for name in names})
    y = target_values(target, columns[target.name])
    known = np.flatnonzero(y >= 0 if isinstance(target, ClassTarget) else ~np.isnan(y))
    if not len(known):
        raise UserInputError(f"No row has a known value of “{target.name}”.", where=title(source))
    if isinstance(target, ClassTarget):
        return Part(x[known], y[known].astype(np.int32), known)
    return Part(x[known], ((y[known] - target.mean) / target.scale).astype(np.float32)[:, None], known)


def target_values(target: ClassTarget | NumberTarget, column: tuple[str | None, ...]) -> np.ndarray:
    """Class indices, -1 where unknown, or numbers, NaN where unknown, of cells of text."""
    from core.data import cells

    texts = ["" if cell is None else cell.strip() for cell in column]
    values = [cells.number(text) for text in texts]
    if isinstance(target, NumberTarget):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    place = {label: i for i, label in enumerate(target.classes)}
    written = (cells.label(value) if value is not None else text for text, value in zip(texts, values, strict=True))
    return np.array([place.get(t, place.get(w, -1)) for t, w in zip(texts, written, strict=True)], np.int64)


def read_cells(
    source: DataSource, names: tuple[str, ...], *, rows: np.ndarray | None = None, progress: Progress = silent
) -> dict[str, tuple[str | None, ...]]:
    """The cells of these columns as text, by name: of all rows, or of those numbered `rows`, in rising order.

    Numbers with a decimal comma are given with a point, as everything after this reads them. Raises UserInputError
    where a column is not there.
    """
    with _table(source, progress=progress, as_text=True) as table:
        lacking = [name for name in names if name not in table.names]
        if lacking:
            listed = ", ".join(f"“{name}”" for name in lacking[:5]) + (" …" if len(lacking) > 5 else "")
            raise UserInputError(
                f"Columns that the network needs are missing: {listed}.", where=title(source),
                remedy="Use a file with the columns of the training data; their order does not matter.",
            )  # fmt: skip
        wanted = ", ".join(_plain_text(table, table.names.index(name)) for name in names)
        numbered = "(SELECT *, row_number() OVER () - 1 AS number FROM cells)"
        some = "" if rows is None else f" WHERE number IN (SELECT unnest({[int(n) for n in rows]}))"
        found = table.work.con.execute(f"SELECT {wanted} FROM {numbered}{some} ORDER BY number").fetchall()
    return {name: tuple(row[k] or None for row in found) for k, name in enumerate(names)}


def _plain_text(table: Table, i: int) -> str:
    """SQL: the text of column i, with a decimal point where the table writes a comma."""
    if not table.decimal_comma:
        return f"t{i}"
    return f"CASE WHEN ({table.number(i)}) IS NOT NULL THEN replace(t{i}, ',', '.') ELSE t{i} END"


# --- sources


@contextlib.contextmanager
def _table(
    source: DataSource, *, progress: Progress, as_text: bool = False, cache: Path | None = None
) -> Iterator[Table]:
    path = _path(source)
    files = () if path is None else (path,)
    with workspace(store.room(cache), files=files) as work:
        if path is None:
            path = _generated(source, work)
        large = path.stat().st_size > IN_MEMORY_BYTES
        raw = reader_for(path).read(path, work, progress=progress)
        to = work.folder / "cells.parquet" if large else None
        yield build(raw, work, where=title(source), to=to, as_text=as_text, progress=progress)


def _path(source: DataSource) -> Path | None:
    """The file to read, None for a generator; raises UserInputError where there is none."""
    if source.kind == "generator":
        generator(source.name)
        return None
    if source.kind == "sample":
        return sample_path(source.name)
    path = Path(source.path)
    where = source.name or path.name
    if path.is_dir():
        raise UserInputError("This is a folder, not a table.", where=where, remedy="Open a CSV or TSV file in it.")
    if not path.is_file():
        raise UserInputError(
            "This file is not there.",
            where=where,
            reason=f"Looked for {path}.",
            remedy="Choose it again where it is now.",
        )
    limit = DEFAULT.file_bytes
    remedy = "Split the file, or keep a random part of its rows."
    require(path.stat().st_size, limit, what="This file is too large.", unit="bytes", where=where, remedy=remedy)
    try:
        with path.open("rb"):
            return path
    except OSError as err:
        raise UserInputError("This file may not be read.", where=where, reason=str(err.strerror)) from err


def _generated(source: DataSource, work: Workspace) -> Path:
    columns = generate(source.name, rows=source.rows, noise=source.noise, seed=source.seed)
    path = work.folder / "generated.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def title(source: DataSource) -> str:
    """The name of a source for people."""
    if source.kind == "sample":
        return sample(source.name).label
    if source.kind == "generator":
        return generator(source.name).label
    return source.name or Path(source.path).name


def _note(source: DataSource) -> str:
    if source.kind == "sample":
        return sample(source.name).source
    return generator(source.name).description if source.kind == "generator" else ""


def content_hash(source: DataSource, *, progress: Progress = silent) -> str:
    """SHA-256 of a file's bytes, or of what a generator is told."""
    path = _path(source)
    if path is None:
        told = [source.name, source.rows, source.noise, source.seed]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
    digest, size, done = hashlib.sha256(), max(path.stat().st_size, 1), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(f"Reading {title(source)}", done / size)
    return digest.hexdigest()


def fingerprint(spec: DataSpec, digest: str) -> str:
    """Names the arrays that this content and this specification give, and this program's way of making them."""
    told = {k: v for k, v in spec.to_json().items() if k != "source"}
    return hashlib.sha256(json.dumps([store.FORMAT, digest, told], sort_keys=True).encode()).hexdigest()[:32]
