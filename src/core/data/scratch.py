"""Temporary folders that do not outlive the process that made them, or not for long where it was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "work-"
ORPHAN_AGE = 86_400.0


@contextlib.contextmanager
def scratch(place: Path) -> Iterator[Path]:
    """A new folder in `place`, removed when the block ends if it still has its name."""
    _clean_orphans(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clean_orphans(place: Path) -> None:
    """Remove the folders of processes that ended without doing so: a cancelled job is killed."""
    for folder in place.glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            age = time.time() - folder.stat().st_mtime
            if age > ORPHAN_AGE or not _alive(int(folder.name.split("-")[1])):
                shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    if os.name == "nt":
        return True  # asking with a signal would end it there: the age decides
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
