"""MATLAB files of version 5 to 7 (.mat), read by SciPy where it is installed."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data.progress import Progress
from core.data.readers.arrays import Named, table_of
from core.data.readers.base import Options, RawTable, choose, damaged
from core.data.readers.matlab_check import HEADER, check
from core.data.readers.npz import parts_of
from core.data.workspace import Workspace
from core.errors import UserInputError

OLD_HEADER = 20
_WHOLE = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_VALUES = frozenset({"double", "single", "logical"} | _WHOLE)


@dataclass(frozen=True)
class MatlabReader:
    label: str = "MATLAB"
    suffixes: tuple[str, ...] = (".mat",)

    def accepts(self, path: Path, head: bytes) -> bool:
        return head.startswith((b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file")) or _is_version_4(path, head)

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for version 7.3, a damaged file, one without arrays, and where SciPy is missing."""
        _refuse_older(path)
        _refuse_newer(path)
        io = _scipy(path.name)
        check(path, work.budget)
        progress(f"Reading {path.name}", None)
        known = _shapes(io, path)
        groups = parts_of({name: shape[0] for name, shape in known.items()})
        part = choose(options.part, tuple(groups), where=path.name, kind="array")
        try:
            with warnings.catch_warnings(action="ignore"):
                found = io.loadmat(path, variable_names=list(groups[part]), struct_as_record=True)
            arrays = [Named(name, _values(found[name], known[name])) for name in groups[part]]
        except _BROKEN as err:
            raise damaged(path.name, "MATLAB", err) from err
        raw = table_of(arrays, work, where=path.name, format=self.label, progress=progress)
        return raw if len(groups) < 2 else replace(raw, parts=tuple(groups), part=part)


READER = MatlabReader()
# What SciPy raises on files that contradict themselves.
_BROKEN = (
    ValueError, TypeError, KeyError, IndexError, EOFError, OSError, OverflowError, struct.error, zlib.error,
    NotImplementedError, AttributeError, NameError, UnicodeDecodeError, RuntimeError, ZeroDivisionError, AssertionError,
)  # fmt: skip


def _is_version_4(path: Path, head: bytes) -> bool:
    """Whether a .mat file begins as version 4 does, which has no mark: five small numbers and a name."""
    if path.suffix.lower() != ".mat" or len(head) < OLD_HEADER:
        return False
    for order in "<>":
        kind, rows, columns, imaginary, length = struct.unpack(f"{order}5i", head[:OLD_HEADER])
        name = head[OLD_HEADER : OLD_HEADER + length] if 2 <= length <= 64 else b""
        sizes = rows >= 0 and columns >= 0 and imaginary in (0, 1) and 0 <= kind <= 4052
        if sizes and name.endswith(b"\0") and name[:-1].replace(b"_", b"a").isalnum():
            return True
    return False


def _refuse_older(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEADER)
    if _is_version_4(path, head):
        raise UserInputError(
            "This MATLAB file is of version 4, which is not read.",
            where=path.name,
            remedy="Save it with save(name, '-v7') and open that file.",
        )


def _refuse_newer(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(10) != b"MATLAB 7.3":
            return
    raise UserInputError(
        "This MATLAB file is of version 7.3, which is not read.", where=path.name, reason="It is an HDF5 file inside.",
        remedy="Save it with save(name, '-v7') and open that file.",
    )  # fmt: skip


def _scipy(where: str) -> Any:
    try:
        import scipy.io
    except ImportError as err:
        raise UserInputError(
            "MATLAB files need SciPy, which is not installed.", where=where,
            remedy="Install it with: pip install chainrule[matlab]. Or save the arrays as CSV.",
        ) from err  # fmt: skip
    return scipy.io


def _shapes(io: Any, path: Path) -> dict[str, tuple[int, ...]]:
    """Of the arrays of numbers; a row is turned into a column, since MATLAB has no other lists."""
    try:
        with warnings.catch_warnings(action="ignore"):
            listed = io.whosmat(path)
    except _BROKEN as err:
        raise damaged(path.name, "MATLAB", err) from err
    known = {}
    for name, shape, kind in listed:
        if kind in _VALUES and shape and all(shape):
            long = len(shape) == 2 and shape[0] == 1 and shape[1] > 1
            known[str(name)] = (int(shape[1]), 1) if long else tuple(map(int, shape))
    if not known:
        kinds = ", ".join(sorted({str(kind) for _, _, kind in listed}))
        raise UserInputError(
            "This MATLAB file holds no array of numbers.",
            where=path.name,
            reason=f"It holds: {kinds}." if kinds else "It is empty.",
            remedy="Save the columns as arrays of numbers, or as CSV.",
        )
    return known


def _values(found: Any, shape: tuple[int, ...]) -> np.ndarray:
    values = np.asarray(found).reshape(shape)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
