"""How much a file may ask for before it is refused. Checked from headers and sizes, before anything is allocated."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

from core.errors import UserInputError

MIB = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Budget:
    """Limits for what comes from outside. All sizes in bytes.

    file_bytes: a data file. rows, columns: of a table. line_bytes: one line of a text file; cell_bytes: one cell.
    array_bytes: the prepared arrays of one table, on disk. memory_bytes: what reading may hold in memory at a time.
    cache_bytes: everything prepared that is kept for the next time.
    members, directory_bytes: entries of an archive, and its table of contents. ratio: unpacked to packed size, counted
    from `ratio_from` unpacked bytes on; cells of a table to the bytes that stand for them, from `sparse_from` cells
    on. depth: objects within objects, archives not counted.
    whole_bytes: a text or an index that has to be read whole. sheet_cells: rows × columns of a spreadsheet, which is
    read whole too; sheet_text_bytes: the texts in it; sheet_xml_bytes: how it is written.
    images: files of a folder or archive of images. image_pixels, image_bytes: of one image, as it is and as a file.
    listing_bytes: the table of contents of an archive of images.
    """

    file_bytes: int = 64 * GIB
    rows: int = 200_000_000
    columns: int = 16_384
    line_bytes: int = 4 * MIB
    cell_bytes: int = MIB
    array_bytes: int = 64 * GIB
    memory_bytes: int = 320 * MIB
    cache_bytes: int = 4 * GIB
    members: int = 10_000
    directory_bytes: int = 8 * MIB
    ratio: int = 250
    ratio_from: int = 64 * MIB
    sparse_from: int = 2_000_000
    depth: int = 64
    whole_bytes: int = 64 * MIB
    sheet_cells: int = 12_000_000
    sheet_text_bytes: int = 256 * MIB
    sheet_xml_bytes: int = GIB
    images: int = 500_000
    image_pixels: int = 64_000_000
    image_bytes: int = 256 * MIB
    listing_bytes: int = 128 * MIB


DEFAULT = Budget()


def physical_memory() -> int | None:
    """Bytes of memory that this computer has; None where the system does not say (Windows)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def allowed_memory() -> int | None:
    """`physical_memory`, or less where the system allows this process less for its data."""
    known = [physical_memory()]
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
        known.append(None if limit == resource.RLIM_INFINITY else limit)
    return min((n for n in known if n is not None), default=None)


def require(amount: int, limit: int, *, what: str, unit: str, where: str, remedy: str) -> None:
    """Raises UserInputError where `amount` is above `limit`; `unit` "bytes" is written as MiB or GiB."""
    if amount > limit:
        reason = f"It has {measure(amount, unit)}; the limit is {measure(limit, unit)}."
        raise UserInputError(what, where=where, reason=reason, remedy=remedy)


def measure(amount: int, unit: str) -> str:
    """ "12,000 columns", "3.5 MiB"."""
    if unit != "bytes":
        return f"{amount:,} {unit}"
    for size, name in ((GIB, "GiB"), (MIB, "MiB"), (2**10, "KiB")):
        if amount >= size:
            return f"{amount / size:.3g} {name}"
    return f"{amount} bytes"
