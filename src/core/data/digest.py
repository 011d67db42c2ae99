"""What files hold, as one name: SHA-256 of their bytes. Loads no reader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

CHUNK = 2**20


def of_files(paths: Sequence[Path], *, progress: Callable[[float], None] = lambda share: None) -> str:
    """The hash of one file's bytes; of several, that of their hashes and names, which stand in the rows they give.

    progress: is told the share done.

    Raises:
        OSError: a file cannot be read to its end; its `filename` is the path.
    """
    size, done, each = max(sum(path.stat().st_size for path in paths), 1), 0, []
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                done += len(chunk)
                progress(done / size)
        each.append(digest.hexdigest())
    return together(labels(paths), each)


def together(names: Sequence[str], digests: Sequence[str]) -> str:
    """The hash of files of these names and hashes."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(json.dumps([*names, *digests]).encode()).hexdigest()


def labels(paths: Sequence[Path]) -> list[str]:
    """The names of files, with their folders where two have one name."""
    names = [path.name for path in paths]
    return [f"{path.parent.name}/{path.name}" if names.count(path.name) > 1 else path.name for path in paths]
