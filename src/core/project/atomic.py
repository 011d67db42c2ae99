"""Writing a file so that its path holds, at every moment, either the old content or the new one, whole.

A temporary file in the same folder takes the bytes, is forced to the disk, and only then takes the name
(Pillai et al. 2014, "All File Systems Are Not Created Equal", §2 and §4.4, on why each step is needed).
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.errors import UserInputError

TEMPORARY_SUFFIX = ".chainrule-tmp"
PREVIOUS_SUFFIX = "~"
ORPHAN_AGE = 600.0
RENAME_DELAYS = (0.02, 0.05, 0.1, 0.2, 0.4)

_log = logging.getLogger(__name__)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF}

Content = bytes | Callable[[BinaryIO], None]


def atomic_write(path: str | os.PathLike[str], content: Content, *, keep_previous: bool = False) -> None:
    """Make `path` hold `content` (bytes, or a function that writes them to an open file), durably.

    Returns only when the disk has confirmed the new file. Every failure before that leaves the old file as it
    was, and no temporary file. keep_previous: the version before stays beside it as NAME~. Symbolic links are
    followed.

    Raises:
        UserInputError: full disk, read-only or missing folder, impossible name, a disk that does not confirm.
    """
    target = Path(os.path.realpath(path))
    try:
        _refuse_impossible(target)
        temporary = _written(target, content)
        try:
            if keep_previous and target.exists():
                _keep(target)
            _rename(temporary, target)
        except BaseException:
            _remove(temporary)
            raise
    except OSError as err:
        raise _in_words(err, target) from err
    try:
        _sync_folder(target.parent)
    except OSError as err:
        raise UserInputError(
            "The disk did not confirm that this file is stored safely.",
            where=str(target),
            reason=f"The system says: {err.strerror or err}.",
            remedy="Save it once more, or on another disk.",
        ) from err


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse before long work what `atomic_write` would refuse after it, as far as it can be seen by then."""
    target = Path(os.path.realpath(path))
    _refuse_impossible(target)
    if not target.parent.is_dir():
        raise _in_words(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), target)
    if not os.access(target.parent, os.W_OK):
        raise _in_words(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), target)


def previous_version(path: str | os.PathLike[str]) -> Path:
    """Where `keep_previous` keeps the version before: NAME~ beside NAME."""
    target = Path(path)
    return target.with_name(target.name + PREVIOUS_SUFFIX)


def clean_orphans(folder: str | os.PathLike[str], *, untouched_for: float = ORPHAN_AGE) -> tuple[Path, ...]:
    """Remove temporary files that a killed process left in `folder`, and say which.

    Files changed in the last `untouched_for` seconds stay: another window may be writing them. Never raises.
    """
    removed = []
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if not (entry.name.startswith(".") and entry.name.endswith(TEMPORARY_SUFFIX)):
                continue
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_mtime >= untouched_for:
                    os.unlink(entry.path)
                    removed.append(Path(entry.path))
    return tuple(removed)


def _refuse_impossible(target: Path) -> None:
    if target.is_dir():
        raise UserInputError("A folder has this name already.", where=str(target), remedy="Choose another name.")
    if target.exists() and not os.access(target, os.W_OK):
        raise UserInputError(
            "This file is write-protected.",
            where=str(target),
            remedy="Save under another name, or lift the protection.",
        )


def _written(target: Path, content: Content) -> Path:
    """A temporary file beside `target` with the content, confirmed by the disk."""
    try:
        return _write_once(target, content)
    except _SyncError as err:
        # After a failed fsync the kernel may have dropped the pages: never trust that descriptor again.
        _log.warning("The disk did not confirm a file (%s); writing it afresh.", err.cause)
    try:
        return _write_once(target, content)
    except _SyncError as err:
        raise err.cause from err


class _SyncError(Exception):
    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _write_once(target: Path, content: Content) -> Path:
    temporary, descriptor = _create_beside(target)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            _sync(file.fileno())
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _create_beside(target: Path) -> tuple[Path, int]:
    """A new file with the user's usual permissions; a name of its own, so that two writers never share it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    temporary = target.with_name(f".{target.name[:60]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
    return temporary, os.open(temporary, flags, 0o666)


def _sync(descriptor: int) -> None:
    try:
        if sys.platform == "darwin":
            import fcntl

            # On macOS fsync stops at the drive's cache; this reaches the medium. Network volumes refuse it.
            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
        os.fsync(descriptor)
    except OSError as err:
        if err.errno in _FULL:
            raise
        raise _SyncError(err) from err


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable. Windows has no such call; some network volumes refuse it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as err:
        if err.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _rename(temporary: Path, target: Path) -> None:
    """Give the file its name. A scanner may hold the old one for a moment: try again, a few times."""
    for delay in RENAME_DELAYS:
        try:
            os.replace(temporary, target)
            return
        except PermissionError:
            time.sleep(delay)
    os.replace(temporary, target)


def _keep(target: Path) -> None:
    """The present file also under NAME~, replacing an older one. Where that fails, saving goes on."""
    spare = target.with_name(f".{target.name[:60]}.{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
    try:
        try:
            os.link(target, spare)
        except OSError:
            shutil.copy2(target, spare)  # FAT and some network volumes have no hard links
        os.replace(spare, previous_version(target))
    except OSError as err:
        _log.warning("The previous version of %s was not kept: %s", target.name, err)
        _remove(spare)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _in_words(err: OSError, target: Path) -> UserInputError:
    untouched = "The file that was there before is unchanged." if os.path.exists(target) else ""
    if err.errno in _FULL:
        what, remedy = "The disk is full.", "Free some space, or save on another disk."
    elif err.errno in _FORBIDDEN:
        what, remedy = (
            "This folder does not allow writing.",
            "Save in another folder, or change its permissions.",
        )
    elif err.errno in (errno.ENOENT, errno.ENOTDIR):
        what, remedy = "This folder does not exist.", "Save in another folder."
    elif err.errno in (errno.ENAMETOOLONG, errno.EILSEQ):
        what, remedy = "This name cannot be used on this disk.", "Choose a shorter or plainer name."
    elif err.errno == errno.EFBIG:
        what, remedy = "The file grew larger than this disk allows.", "Save on another disk."
    else:
        what, remedy = "The file could not be written.", "Save under another name or on another disk."
        untouched = f"The system says: {err.strerror or err}. {untouched}".strip()
    return UserInputError(what, where=str(target), reason=untouched, remedy=remedy)
