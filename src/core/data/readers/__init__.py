"""File formats, one file each: every module in this folder that has a `READER` is registered."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from core.data.magic import recognize
from core.data.progress import Progress
from core.data.readers.base import Options, RawTable, Reader
from core.data.workspace import Workspace
from core.errors import UserInputError

HEAD = 4096
OLE = b"\xd0\xcf\x11\xe0"
OFFICE = "Save it as an Excel workbook (.xlsx) or as CSV, without a password, and open that file."


@functools.cache
def readers() -> tuple[Reader, ...]:
    """All readers. The one for any text comes last, since it accepts whatever the others do not know."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found: list[Reader] = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(found, key=lambda reader: ("" in reader.suffixes, reader.label)))


def read(path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
    """The table in a file, whatever its format; raises UserInputError for what cannot be read."""
    return reader_for(path).read(path, work, options=options, progress=progress)


def reader_for(path: Path) -> Reader:
    """The reader of a file, by its first bytes and its name.

    Raises:
        UserInputError: an empty file, a format that is not read, named where it is known.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        remedy = "Check that it was exported or downloaded completely."
        raise UserInputError("This file is empty.", where=path.name, reason="It has 0 bytes.", remedy=remedy)
    for reader in readers():
        if reader.accepts(path, head):
            return reader
    known = recognize(head)
    labels = ", ".join(reader.label for reader in readers())
    raise UserInputError(
        f"This file is {known}, not a table." if known else "This file is not a table.",
        where=path.name,
        reason=f"Its first bytes say so, whatever its name. Tables are read from: {labels}.",
        remedy=OFFICE if head.startswith(OLE) else "Export the table as CSV and open that file.",
    )
