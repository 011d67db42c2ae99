"""ZIP archives, looked at with suspicion before anything is unpacked. Workbooks and saved arrays are such archives."""

from __future__ import annotations

import contextlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from core.budget import Budget, require
from core.data.readers.unpack import check_ratio
from core.errors import UserInputError

_END, _END_64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _COMMENT, _LOCATOR_BYTES = 22, 65535, 20
# What unpacks with little memory; LZMA in a ZIP names the memory it wants.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_MALFORMED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, OverflowError, KeyError)
_HIDDEN = ("__MACOSX/", ".", "Thumbs.db", "desktop.ini")


@contextlib.contextmanager
def opened(path: Path, budget: Budget) -> Iterator[zipfile.ZipFile]:
    """An archive whose table of contents is within the budget; what breaks inside the block is refused as damage.

    Raises:
        UserInputError: damaged, too many members, names that point outside, links, encryption, a suspicious ratio.
    """
    with path.open("rb") as file:
        _check_end(file, path.name, budget)
        try:
            with zipfile.ZipFile(file) as archive:
                for info in archive.infolist():
                    _check_member(info, path.name, budget)
                yield archive
        except _MALFORMED as err:
            _refuse(path.name, f"The archive is damaged: {err}.")


def names(path: Path) -> tuple[str, ...]:
    """The names of the members, () where the file is no archive that can be opened."""
    try:
        with opened(path, Budget()) as archive:
            return tuple(archive.namelist())
    except (UserInputError, OSError):
        return ()


def files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that a person packed: no folders, and not what systems add."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith(_HIDDEN) and not _last(info).startswith(_HIDDEN)
    ]


def _last(info: zipfile.ZipInfo) -> str:
    return info.filename.rsplit("/", 1)[-1]


def _check_end(file: BinaryIO, where: str, budget: Budget) -> None:
    """Refuse a giant table of contents before `zipfile` reads all of it."""
    size = file.seek(0, 2)
    start = max(0, size - _END_BYTES - _COMMENT - _LOCATOR_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        _refuse(where, "Its end is missing: it was not downloaded or copied completely.")
    count, directory = struct.unpack("<HL", tail[at + 10 : at + 16])
    locator = tail[max(0, at - _LOCATOR_BYTES) : at]
    if locator.startswith(_LOCATOR):
        file.seek(min(size, struct.unpack("<Q", locator[8:16])[0]))
        record = file.read(56)
        if len(record) < 56 or not record.startswith(_END_64):
            _refuse(where, "The archive is damaged: its table of contents is not where it should be.")
        count, directory = struct.unpack("<QQ", record[32:48])
    remedy = "Unpack it and open the file inside."
    what = "This archive has too many members."
    require(count, budget.members, what=what, unit="members", where=where, remedy=remedy)
    what = "The table of contents of this archive is too large."
    require(directory, budget.directory_bytes, what=what, unit="bytes", where=where, remedy=remedy)
    file.seek(0)


def _check_member(info: zipfile.ZipInfo, where: str, budget: Budget) -> None:
    name = info.orig_filename
    if name.startswith("/") or "\0" in name or name[1:2] == ":" or ".." in name.replace("\\", "/").split("/"):
        _refuse(where, f"The member name {name[:80]!r} points outside of the archive.")
    if stat.S_ISLNK(info.external_attr >> 16):
        _refuse(where, f"The member {name[:80]!r} is a link.")
    if info.flag_bits & 0x1:
        remedy = "Unpack it with its password and open the file inside."
        _refuse(where, f"The member {name[:80]!r} is encrypted.", remedy)
    if info.compress_type not in _METHODS:
        _refuse(where, f"The member {name[:80]!r} is packed in an unusual way.", "Unpack it and open the file inside.")
    if info.header_offset < 0:
        _refuse(where, f"The archive is damaged: {name[:80]!r} would begin before the file does.")
    check_ratio(info.compress_size, info.file_size, budget, where)


def _refuse(where: str, reason: str, remedy: str = "") -> NoReturn:
    raise UserInputError(
        "This archive cannot be read.", where=where, reason=reason,
        remedy=remedy or "Download or export it again; if you trust it, unpack it and open the file inside.",
    )  # fmt: skip
