"""Named arrays as safetensors bytes, and back with every claim of the header checked first.

Format: 8 bytes length, a JSON header {name: {dtype, shape, data_offsets}}, then the numbers, little-endian.
Source: the safetensors format description, https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn, TypeGuard

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from core.errors import UserInputError
from core.project import strict_json

ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
MAX_HEADER = 2**20
MAX_AXES = 8


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Equal arrays give equal bytes: names are sorted and no metadata is written."""
    # The serializer writes the memory as it lies, so a view with strides would come out scrambled.
    return safetensors.numpy.save({name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)})


def unpack(data: bytes, *, where: str) -> dict[str, np.ndarray]:
    """The arrays by name, as copies of their own.

    Raises:
        UserInputError: a header that is no JSON or too large, unknown types, shapes that do not match the
        bytes that
            they claim, offsets that overlap, leave gaps or run past the end.
    """
    _check(data, where)
    try:
        return safetensors.numpy.load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as err:
        _refuse(where, f"{err}.")


def _check(data: bytes, where: str) -> None:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MAX_HEADER, len(data) - 8):
        _refuse(where, "Its header is longer than the file.")
    header = strict_json.loads(data[8 : 8 + length], where=where)
    if not isinstance(header, dict):
        _refuse(where, "Its header is not a table of arrays.")
    entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
    spans = sorted(_span(name, entry, where) for name, entry in entries)
    position = 0
    for begin, end in spans:
        if begin != position:
            _refuse(where, "Its arrays overlap or leave gaps.")
        position = end
    if position != len(data) - 8 - length:
        _refuse(where, f"Its arrays take {position:,} bytes, but {len(data) - 8 - length:,} are there.")


def _span(name: str, entry: Any, where: str) -> tuple[int, int]:
    """(begin, end) of one array in bytes, after its shape was found to fill exactly that."""
    table: dict[str, Any] = entry if isinstance(entry, dict) else {}
    item, shape, span = ITEM_BYTES.get(str(table.get("dtype"))), table.get("shape"), table.get("data_offsets")
    if item is None:
        _refuse(where, f"The array {name[:60]!r} has the unknown type {table.get('dtype')!r}.")
    if not (_sizes(shape) and len(shape) <= MAX_AXES and _sizes(span) and len(span) == 2):
        _refuse(where, f"The array {name[:60]!r} has no proper shape or place.")
    begin, end = span
    if math.prod(shape) * item != end - begin:
        _refuse(where, f"The array {name[:60]!r} of shape {tuple(shape)} does not fill {end - begin:,} bytes.")
    return begin, end


def _sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**63 for n in value)


def _refuse(where: str, reason: str) -> NoReturn:
    raise UserInputError("These arrays cannot be read.", where=where, reason=reason)
