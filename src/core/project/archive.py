"""A ZIP of a few known members, written the same way every time and read with suspicion."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NoReturn

from core.errors import UserInputError

MAX_MEMBERS = 64
MAX_FILE_BYTES = 2**32 - 1  # a plain ZIP; the larger kind is neither written nor read
MAX_DIRECTORY_BYTES = 64 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_MALFORMED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,  # NotImplementedError with it: an unknown compression
    OverflowError,
)


def write(file: BinaryIO, members: Mapping[str, bytes], *, stored: frozenset[str] = frozenset()) -> None:
    """The members in the order given, without clocks or permissions, so that equal contents give equal bytes.

    Members named in `stored` are not compressed. Raises UserInputError above 4 GiB.
    """
    try:
        with zipfile.ZipFile(file, "w", allowZip64=False) as out:
            for name, data in members.items():
                info = zipfile.ZipInfo(name, _EPOCH)
                info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                info.create_system = 3
                out.writestr(info, data)
    except zipfile.LargeZipFile as err:
        raise UserInputError("This project is larger than 4 GiB and cannot be saved as one file.") from err


def read(path: Path, limits: Mapping[str, int]) -> dict[str, bytes]:
    """The members by name.

    limits: the largest size of each known member in bytes; "folder/" serves all names within. Members of
    other names are left alone: a later version may add some. Nothing is ever unpacked to the disk.

    Raises:
        UserInputError: not a ZIP, too large, too many members, names that are absolute, climb or repeat,
        links,
            encryption, sizes beyond the limits or beside the truth.
        OSError: the file cannot be opened.
    """
    where = path.name
    with path.open("rb") as file:
        _check_end(file, where)
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
                _check_members(infos, where)
                return {i.filename: _member(archive, i, limits, where) for i in infos if _limit(i, limits) is not None}
        except _MALFORMED as err:
            _refuse(where, f"The archive is damaged: {err}.")


def _check_end(file: BinaryIO, where: str) -> None:
    """Refuse a giant table of contents before `zipfile` reads all of it."""
    size = file.seek(0, 2)
    if size > MAX_FILE_BYTES:
        _refuse(where, "It is larger than 4 GiB.")
    file.seek(max(0, size - 22 - 65535 - 20))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        _refuse(where, "It is not a ZIP archive, or its end is missing.")
    (directory,) = struct.unpack("<L", tail[at + 12 : at + 16])
    if directory > MAX_DIRECTORY_BYTES or tail[max(0, at - 20) : at].startswith(_END_64):
        _refuse(where, "It lists far more members than a project has.")
    file.seek(0)


def _check_members(infos: list[zipfile.ZipInfo], where: str) -> None:
    if len(infos) > MAX_MEMBERS:
        _refuse(where, f"It has {len(infos):,} members; a project has at most {MAX_MEMBERS}.")
    if len({info.filename for info in infos}) != len(infos):
        _refuse(where, "It has two members of one name.")
    for info in infos:
        name = info.orig_filename
        if name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/"):
            _refuse(where, f"The member name {name[:80]!r} points outside of the archive.")
        if stat.S_ISLNK(info.external_attr >> 16):
            _refuse(where, f"The member {name[:80]!r} is a link.")
        if info.flag_bits & 0x1:
            _refuse(where, f"The member {name[:80]!r} is encrypted.")


def _limit(info: zipfile.ZipInfo, limits: Mapping[str, int]) -> int | None:
    folder = info.filename.partition("/")[0] + "/"
    return limits.get(info.filename, limits.get(folder) if info.filename != folder else None)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Mapping[str, int], where: str) -> bytes:
    limit = _limit(info, limits) or 0
    if info.file_size > limit:
        _refuse(where, f"{info.filename} claims {info.file_size:,} bytes; at most {limit:,} are read.")
    with archive.open(info) as member:
        data = member.read(limit + 1)
    if len(data) != info.file_size:
        _refuse(where, f"{info.filename} holds {len(data):,} bytes instead of {info.file_size:,}.")
    return data


def _refuse(where: str, reason: str) -> NoReturn:
    raise UserInputError(
        "This is not a project that Chainrule can read.", where=where, reason=reason,
        remedy="If a copy of it broke, try the version before: the same name with ~ at the end.",
    )  # fmt: skip
