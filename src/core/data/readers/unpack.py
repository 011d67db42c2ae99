"""Unpacking into the work folder, with an eye on what a small file can become."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from core.budget import Budget, measure
from core.data.progress import Progress
from core.data.readers.base import Options, RawTable
from core.data.workspace import Workspace
from core.errors import UserInputError

CHUNK = 2**20
DEEPEST = 3  # an array in an archive, packed once more
NAME_LENGTH = 80
DISK_RESERVE = 256 * 2**20

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # no names of files on Windows


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpack(
    stream: Stream, name: str, work: Workspace, *, packed: Callable[[], int], where: str, progress: Progress
) -> Path:
    """What `stream` gives, as a file in the work folder whose name resembles `name`.

    packed: how many packed bytes were taken so far.

    Raises:
        UserInputError: it grows beyond the budget, or beyond the disk.
    """
    target = new_place(name, work, where)
    size = 0
    with target.open("wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            check_ratio(packed(), size, work.budget, where)
            if size // CHUNK % 64 == 0:
                _check_disk(target, size, where)
            file.write(chunk)
            progress(f"Unpacking {where}", None)
    return target


def read_unpacked(path: Path, work: Workspace, *, options: Options, progress: Progress, where: str) -> RawTable:
    """The table in an unpacked file; places in messages begin with the archive's name."""
    from core.data.readers import read  # it imports the readers that import this

    try:
        raw = read(path, work, options=options, progress=progress)
    except UserInputError as err:
        inner = err.where.removeprefix(path.name).lstrip(", ")
        place = f"{where}, {inner}" if inner else where
        raise UserInputError(err.what, where=place, reason=err.reason, remedy=err.remedy) from err
    return replace(raw, size=max(raw.size, path.stat().st_size))


def new_place(name: str, work: Workspace, where: str) -> Path:
    """A path for a file in the work folder; raises UserInputError where archives hold archives without end."""
    depth = len(list(work.folder.glob("unpacked-*")))
    if depth >= DEEPEST:
        raise UserInputError(
            "This archive holds archives in archives.", where=where,
            reason=f"Packed more than {DEEPEST} times.", remedy="Unpack it and open the file inside.",
        )  # fmt: skip
    folder = work.folder / f"unpacked-{depth}"
    folder.mkdir()
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    safe = re.sub(r"[^\w.\- ]", "_", last)[-NAME_LENGTH:].strip(". ") or "data"
    return folder / (f"_{safe}" if _RESERVED.match(safe) else safe)


def check_ratio(packed: int, unpacked: int, budget: Budget, where: str) -> None:
    """Refuse what unpacks to far more than honest tables do, or to more than a file may have.

    Raises:
        UserInputError: the ratio of a zip bomb, or the limit of a file.
    """
    if unpacked > budget.ratio_from and unpacked > budget.ratio * max(packed, 1):
        raise UserInputError(
            "This archive unpacks to suspiciously much.",
            where=where,
            reason=f"{measure(packed, 'bytes')} hold more than {budget.ratio} times as much.",
            remedy="If you trust it, unpack it yourself and open the file inside.",
        )
    if unpacked > budget.file_bytes:
        raise UserInputError(
            "This archive unpacks to too much.",
            where=where,
            reason=f"The limit is {measure(budget.file_bytes, 'bytes')}.",
            remedy="Split the table into several files.",
        )


def _check_disk(target: Path, size: int, where: str) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < DISK_RESERVE:
        raise UserInputError(
            "There is not enough disk space to unpack this file.",
            where=where,
            reason=f"{measure(size, 'bytes')} were unpacked, {measure(free, 'bytes')} are left.",
            remedy="Free some space, or set CHAINRULE_CACHE to a folder on another disk.",
        )
