"""The first rows of a large text file, to be looked at while all of it is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.data import store
from core.data.load import inspect
from core.data.readers import reader_for
from core.data.readers.csv import CsvReader
from core.data.schema import TableProfile
from core.data.scratch import scratch
from core.errors import UserInputError
from core.spec import DataSpec

LEAST_BYTES = 4 * 2**20  # smaller files are read as fast
HEAD_BYTES = 2**17


def glimpse(spec: DataSpec, *, cache: Path | None = None) -> TableProfile | None:
    """What the first rows alone look like, as if they were all; None where there is no hurry or they cannot be read."""
    source = spec.source
    path = Path(source.path)
    if source.kind != "file" or source.also or source.shape or not path.is_file() or path.stat().st_size < LEAST_BYTES:
        return None
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        # Whole lines; in UTF-16 a line does not end with its byte.
        lines = head[: head.rfind(b"\n") + 1]
        if not lines or b"\0" in lines or not isinstance(reader_for(path), CsvReader):
            return None
        with scratch(store.room(cache)) as folder:
            first = folder / path.name
            first.write_bytes(lines)
            found = inspect(replace(spec, source=replace(source, path=str(first), sha256="")))
    except (UserInputError, OSError):
        return None  # reading all of it says what is wrong
    return replace(found, rows=len(found.preview), findings=(), rejected=(), rejected_count=0)
