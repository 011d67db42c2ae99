"""Curves as named arrays and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from core.errors import UserInputError
from core.training.snapshot import Curve, History, Mark

PARTS = {"step": np.int64, "mean": np.float32, "low": np.float32, "high": np.float32}


def to_arrays(history: History) -> dict[str, np.ndarray]:
    """Four arrays for every curve: NAME/step, NAME/mean, NAME/low, NAME/high."""
    return {
        f"{name}/{part}": np.asarray(getattr(curve, part), kind)
        for name, curve in history.curves.items()
        for part, kind in PARTS.items()
    }


def marks_to_json(history: History) -> list[list[Any]]:
    return [[mark.step, mark.text] for mark in history.marks]


def from_arrays(arrays: Mapping[str, np.ndarray], marks: Any, *, where: str) -> History:
    """The inverse of `to_arrays` and `marks_to_json`, curves by name in alphabetical order.

    Raises:
        UserInputError: a curve without all its parts, parts of unlike length or type, a malformed mark.
    """
    names = sorted({key.rpartition("/")[0] for key in arrays})
    curves = {name: _curve(name, arrays, where) for name in names}
    if not isinstance(marks, list) or not all(_is_mark(mark) for mark in marks):
        _refuse(where, "The marks are not pairs of step and text.")
    return History(curves, tuple(Mark(step, text) for step, text in marks))


def _curve(name: str, arrays: Mapping[str, np.ndarray], where: str) -> Curve:
    parts = [arrays.get(f"{name}/{part}") for part in PARTS]
    shapes = {part.shape for part in parts if part is not None}
    fits = all(part is not None and part.dtype == kind for part, kind in zip(parts, PARTS.values(), strict=True))
    if not fits or len(shapes) != 1 or len(shapes.pop()) != 1:
        _refuse(where, f"The curve {name[:60]!r} is incomplete.")
    return Curve(*(part for part in parts if part is not None))


def _is_mark(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and type(value[0]) is int and isinstance(value[1], str)


def _refuse(where: str, reason: str) -> NoReturn:
    raise UserInputError("The history of the training is damaged.", where=where, reason=reason)
