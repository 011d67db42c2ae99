"""From a source to a profile and to arrays ready to train on. Runs in the jobs process, or headless."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.budget import DEFAULT, require
from core.budget import measure as measure_bytes
from core.data import fit, store, together
from core.data.grids import completed
from core.data.images import load as images
from core.data.images import pixel_table
from core.data.images.album import Album
from core.data.images.fold import prepare_fold as prepare_image_fold
from core.data.images.prepare import prepare as prepare_images
from core.data.images.recognize import IMAGES, TABLE, recognize, shapes_of
from core.data.labels import told_apart
from core.data.parts import check_images, fold_of, parts_of, strata
from core.data.preprocess import Feature, Preparation
from core.data.profile import Column, measure, with_most_frequent
from core.data.progress import Progress, silent
from core.data.repeats import first_of_each
from core.data.roles import Roles, assign, findings, with_labels
from core.data.rows import load_for_prediction, load_with_target, read_cells
from core.data.schema import ColumnProfile, Finding, Loading, Prepared, TableProfile
from core.data.sources import content_hash, note, open_table, reading, title
from core.data.suspects import suspects
from core.data.table import Table
from core.data.together import with_target
from core.data.written import write_features
from core.errors import UserInputError
from core.losses import outputs_for, resolve
from core.project.facts import prepared_to_json
from core.spec import DataSource, DataSpec

__all__ = ["content_hash", "fingerprint", "inspect", "load_for_prediction", "load_with_target", "prepare", "read_cells"]

REMEMBERED = 4
_REMEMBERED: dict[tuple[str, bool, tuple[tuple[str, str], ...]], tuple[Column, ...]] = {}


def inspect(spec: DataSpec, *, progress: Progress = silent) -> TableProfile:
    """What is in a source: columns, kinds, guesses, findings, first rows.

    Raises:
        UserInputError: a source that cannot be read, or a specification that names a column that is not there.
    """
    digest = content_hash(spec.source, progress=progress)
    album = _album(spec.source, digest, progress)
    if album is not None:
        check_images(spec)
        found = images.inspect(spec, digest, album, where=title(spec.source), progress=progress)
        is_table = album.kind == pixel_table.KIND
        return replace(found, shapes=(IMAGES, TABLE) if is_table else shapes_of(spec.source))
    with open_table(spec.source, digest, progress=progress) as table:
        columns = with_most_frequent(table, _measured(table, spec, digest, progress))
        roles = _roles(columns, spec, table)
        told = findings(table, columns, roles, spec, also=suspects(table, roles, spec))
        all_found = (*_changed(spec.source, digest), *told)
    target = with_target_histogram(columns, roles)
    return TableProfile(
        name=title(spec.source),
        rows=table.rows,
        columns=target,
        target=roles.target.name,
        task=roles.task,
        target_reason=roles.reason,
        targets=roles.predicted if roles.also else (),
        separator="" if roles.labels is None else roles.labels.target.separator,
        encoding=table.encoding,
        delimiter=table.delimiter,
        header=table.header,
        sha256=digest,
        findings=all_found,
        rejected=table.rejected,
        rejected_count=table.rejected_count,
        preview=table.preview,
        source_note=note(spec.source),
        format=table.format,
        part=table.part,
        parts=table.parts,
        decimal_comma=table.decimal_comma,
        together=table.together,
        shapes=shapes_of(spec.source) or ((IMAGES, TABLE) if pixel_table.layout_of(columns) else ()),
    )


def _album(source: DataSource, content: str, progress: Progress, cache: Path | None = None) -> Album | None:
    """The images of a source; None where it is a table, and none is wanted as images."""
    found = recognize(source)
    if found is None and source.shape == IMAGES:
        found = pixel_table.album(source, content, progress=progress, cache=cache)
        if found is None:
            remedy = "Arrays of pictures can be, and tables with a column for each pixel, such as pixel0, pixel1, ..."
            raise UserInputError("This cannot be read as images.", where=title(source), remedy=remedy)
    return found


def _roles(columns: tuple[Column, ...], spec: DataSpec, table: Table) -> Roles:
    """Roles as wanted or guessed, where a file of answers says which column is the target."""
    told = with_target(spec, table.together)
    roles = with_labels(table, assign(columns, told), told)
    return roles if told == spec else replace(roles, reason="A file of its own holds it.")


def adopted(spec: DataSpec, *, progress: Progress = silent) -> DataSpec:
    """What several files that make one table say of the split, taken over; see `together.adopted`."""
    if not spec.source.also or recognize(spec.source) is not None:
        return spec
    with open_table(spec.source, content_hash(spec.source, progress=progress), progress=progress) as table:
        return together.adopted(spec, table.together)


def _measured(table: Table, spec: DataSpec, digest: str, progress: Progress) -> tuple[Column, ...]:
    """The columns of a table, remembered for those who look first and prepare then."""
    key = (reading(spec.source, digest), spec.dates, tuple(sorted(spec.kinds.items())))
    if key not in _REMEMBERED:
        columns = told_apart(table, completed(measure(table, spec.kinds, dates=spec.dates, progress=progress)))
        if len(_REMEMBERED) >= REMEMBERED:
            _REMEMBERED.pop(next(iter(_REMEMBERED)))
        _REMEMBERED[key] = columns
    return _REMEMBERED[key]


def _changed(source: DataSource, digest: str) -> tuple[Finding, ...]:
    if source.kind != "file" or source.sha256 in ("", digest):
        return ()
    return (Finding("warning", "The file has changed since it was chosen: what was trained before saw other rows."),)


def with_target_histogram(columns: tuple[Column, ...], roles: Roles) -> tuple[ColumnProfile, ...]:
    """Profiles as shown: the target as classes where it is one."""
    return tuple(roles.target.profile if c.name == roles.target.name else c.profile for c in columns)


def prepare(
    spec: DataSpec, *, progress: Progress = silent, cache: Path | None = None,
    loading: Callable[[Loading], None] | None = None,
) -> Prepared:  # fmt: skip
    """Arrays ready to train on; reused where the same content was prepared in the same way before.

    loading: is told how far images are decoded.

    Raises:
        UserInputError: a source that cannot be read, or one that nothing can be learned from.
    """
    digest = content_hash(spec.source, progress=progress)
    print_ = fingerprint(spec, digest)
    known = store.find(print_, cache)
    if known is not None:
        return known
    album = _album(spec.source, digest, progress, cache)
    if album is not None:
        check_images(spec)
        where = title(spec.source)
        whole = replace(spec, folds=0, fold=0)
        plain = prepare(whole, progress=progress, cache=cache, loading=loading) if spec.folds else None
        with store.new_entry(print_, cache) as (folder, facts):
            prepared = (
                prepare_images(spec, digest, album, folder, print_, where=where, progress=progress, loading=loading)
                if plain is None
                else prepare_image_fold(spec, plain, album, folder, print_, where=where)
            )
            facts |= prepared_to_json(prepared)
        return replace(prepared, folder=str(store.room(cache) / print_))
    with open_table(spec.source, digest, progress=progress, cache=cache) as table:
        roles = _roles(_measured(table, spec, digest, progress), spec, table)
        if roles.blocked:
            raise UserInputError(roles.blocked, where=title(spec.source))
        with store.new_entry(print_, cache) as (folder, facts):
            prepared = _write(table, roles, spec, folder, print_, progress)
            facts |= prepared_to_json(prepared)
    return replace(prepared, folder=str(store.room(cache) / print_))


def _write(table: Table, roles: Roles, spec: DataSpec, folder: Path, print_: str, progress: Progress) -> Prepared:
    y, labels = fit.read_target(table, roles)
    at_all = y[:, 0] if y.ndim == 2 else y
    known = answered = np.flatnonzero(at_all >= 0 if labels else np.isfinite(at_all)).astype(np.int32)
    if spec.drop_duplicates:
        known = np.intersect1d(answered, first_of_each(table), assume_unique=True)
    spread = strata(y, spec, numbers=not labels)
    classes = spread if spread is None or len(known) == len(y) else spread[known]
    parts, told = parts_of(table, spec, known, classes, where=title(spec.source))
    if spec.folds:
        parts = fold_of(table, spec, parts, spread, where=title(spec.source))
    target = fit.fit_target(roles, y[parts["train"]], labels)
    for part, rows in parts.items():
        store.write_targets(folder, part, rows, y, target)
    lost = table.rows - len(answered)
    del y, at_all, known, answered, spread, classes  # of a long table, much memory
    features = write_features(
        table, roles.features, spec, parts, folder, lambda size: _check_size(size, folder, title(spec.source)), progress
    )
    names = fit.input_names(features)
    if not names:
        raise UserInputError(
            "No column has a value in a row to train on.", where=title(spec.source),
            remedy="Use other columns, or split the rows another way.",
        )  # fmt: skip
    loss = resolve("auto", roles.task, len(labels))
    return Prepared(
        folder=str(folder),
        fingerprint=print_,
        task=roles.task,
        target=target.name,
        feature_names=names,
        row_shape=(len(names),),
        outputs=outputs_for(loss, len(labels)),
        classes=labels,
        rows={part: len(rows) for part, rows in parts.items()},
        preparation=Preparation(features, target),
        warnings=(*_warnings(roles, lost, features), *told),
    )


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


def _warnings(roles: Roles, lost: int, features: tuple[Feature, ...]) -> tuple[str, ...]:
    """lost: rows without a target."""
    found = []
    if lost:
        rows = "A row without a target was" if lost == 1 else f"{lost:,} rows without a target were"
        found.append(f"{rows} left out.")
    used = {feature.name for feature in features}
    lacking = [f"“{column.name}”" for column in roles.features if column.name not in used]
    if lacking:
        found.append(f"Left out, since no training row has a value: {', '.join(lacking)}.")
    return tuple(found)


def fingerprint(spec: DataSpec, digest: str) -> str:
    """Names the arrays that this content and this specification give, and this program's way of making them."""
    told = {k: v for k, v in spec.to_json().items() if k not in ("source", "augmentation")}
    content = reading(spec.source, digest)
    return hashlib.sha256(json.dumps([store.FORMAT, content, told], sort_keys=True).encode()).hexdigest()[:32]
