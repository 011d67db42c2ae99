"""JSON from files that may be damaged or hostile: size, depth, double keys and NaN are refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from core.errors import UserInputError

MAX_BYTES = 16 * 2**20
MAX_DEPTH = 64
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def dumps(value: Any) -> bytes:
    """UTF-8 text, keys in the order given: equal values give equal bytes. Raises ValueError for NaN."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode()
    except UnicodeEncodeError:  # a file name outside of Unicode, as Linux allows
        return json.dumps(value, allow_nan=False, indent=1).encode()


def loads(data: bytes, where: str, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of a UTF-8 JSON text.

    Raises:
        UserInputError: not JSON, larger than `max_bytes`, nested deeper than 64 levels, a key twice in one
        object,
            NaN, Infinity or a number beyond what a float or Python holds.
    """
    if len(data) > max_bytes:
        _refuse(where, f"It holds {len(data):,} bytes; at most {max_bytes:,} are read.")
    if depth(data) > MAX_DEPTH:
        _refuse(where, f"It is nested deeper than {MAX_DEPTH} levels.")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except (ValueError, RecursionError) as err:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        _refuse(where, f"It is not readable JSON: {err}.")


def depth(data: bytes) -> int:
    """The deepest nesting of brackets outside of strings, by a scan that no text can exhaust."""
    level = deepest = 0
    for token in _TOKENS.finditer(data):
        first = token[0][:1]
        if first in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif first in b"]}":
            level -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"the key {name[:60]!r} stands twice")
        made[name] = value
    return made


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:60]} is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _refuse(where: str, reason: str) -> NoReturn:
    raise UserInputError("This file is damaged.", where=where, reason=reason)
