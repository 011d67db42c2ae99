"""One packed file: .gz, .zst, .bz2. It is unpacked into the work folder and read as what it then is."""

from __future__ import annotations

import bz2
import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.data.progress import Progress
from core.data.readers.base import Options, RawTable, damaged
from core.data.readers.unpack import Stream, read_unpacked, unpack
from core.data.workspace import Workspace

MARKS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "Zstandard", b"BZh": "bzip2"}
SUFFIXES = (".gz", ".zst", ".bz2")
WINDOW = 27  # 2^27 bytes may be looked back on, as the zstd program allows by itself


@dataclass(frozen=True)
class PackedReader:
    label: str = "packed files (gz, zst, bz2)"
    suffixes: tuple[str, ...] = SUFFIXES

    def accepts(self, path: Path, head: bytes) -> bool:
        return _kind(head) is not None

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a damaged file, one that unpacks to suspiciously much, and what is wrong inside."""
        name = path.name
        for suffix in SUFFIXES:
            name = name.removesuffix(suffix)
        with path.open("rb") as file:
            kind = _kind(file.read(8)) or ""
            file.seek(0)
            with _refusing(path.name, kind), _open(file, kind) as stream:
                inner = unpack(stream, name, work, packed=file.tell, where=path.name, progress=progress)
        return read_unpacked(inner, work, options=options, progress=progress, where=path.name)


READER = PackedReader()


def _kind(head: bytes) -> str | None:
    return next((kind for mark, kind in MARKS.items() if head.startswith(mark)), None)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


@contextmanager
def _refusing(where: str, kind: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, ValueError, _zstd().ZstdError) as err:
        raise damaged(where, kind, err) from err
    except OSError as err:
        if err.errno is not None:  # the disk, not the content
            raise
        raise damaged(where, kind, err) from err


@contextmanager
def _open(file: BinaryIO, kind: str) -> Iterator[Stream]:
    if kind == "gzip":
        stream: Any = gzip.GzipFile(fileobj=file)
    elif kind == "bzip2":
        stream = bz2.BZ2File(file)
    else:
        zstd = _zstd()
        stream = zstd.ZstdFile(file, options={zstd.DecompressionParameter.window_log_max: WINDOW})
    with stream:
        yield stream
