"""Frozen values with described fields, and their JSON form.

A layer, an optimizer or a configuration is a frozen dataclass whose fields carry a `Hyper`: label, range and help.
That one description makes the inspector, the command line's checks and the file format.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import UserInputError

MOST_COUNTS = 10_000


@dataclass(frozen=True)
class Hyper:
    """What a person needs to know about one hyper-parameter, and what a program needs to check it.

    kind is "int", "float", "bool", "choice", "shape" or "counts" (any number of whole numbers); `choices` holds (value,
    label) pairs; `inherits` names the training setting that stands in while the value is None; `suggestions` are the
    usual values to offer.
    """

    label: str
    help: str
    kind: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    inherits: str | None = None
    suggestions: tuple[float, ...] = ()


def hyper(default: Any, label: str, help: str, **rest: Any) -> Any:
    """A dataclass field described by a `Hyper`; the kind follows from `choices`, `kind` or the default's type."""
    kind = rest.pop("kind", None)
    if kind is None:
        kind = "choice" if rest.get("choices") else type(default).__name__
    return dataclasses.field(default=default, metadata={"hyper": Hyper(label=label, help=help, kind=kind, **rest)})


def hypers(value: Any) -> dict[str, Hyper]:
    """The described fields of a frozen value or its class, by field name, in order, those that inherit last."""
    found = [(f.name, f.metadata["hyper"]) for f in dataclasses.fields(value) if "hyper" in f.metadata]
    return dict(sorted(found, key=lambda pair: pair[1].inherits is not None))


def checked(cls: type[Any], name: str, raw: Any, *, where: str = "") -> Any:
    """`raw` as a legal value of field `name` of `cls`; raises UserInputError naming the limit otherwise."""
    h = hypers(cls)[name]
    place = where or f"{getattr(cls, 'label', cls.__name__)}, {h.label}"
    if raw is None:
        if h.inherits is not None:
            return None
        raise UserInputError(f"{h.label} needs a value.", where=place)
    if h.kind == "choice":
        if raw not in [c[0] for c in h.choices]:
            known = ", ".join(str(c[0]) for c in h.choices)
            raise UserInputError(f"{raw!r} is not a choice for {h.label}.", where=place, remedy=f"Use one of: {known}.")
        return raw
    if h.kind == "bool":
        if not isinstance(raw, bool):
            raise UserInputError(f"{h.label} is either true or false.", where=place)
        return raw
    if h.kind == "shape":
        return _shape(h, raw, place)
    if h.kind == "counts":
        return _counts(h, raw, place)
    return _number(h, raw, place)


def _shape(h: Hyper, raw: Any, place: str) -> tuple[int, ...]:
    sizes = raw if isinstance(raw, (list, tuple)) else ()
    if not 1 <= len(sizes) <= 4 or any(type(n) is not int or not 1 <= n <= 2**31 for n in sizes):
        raise UserInputError(f"{h.label} must be one to four whole numbers of at least 1, not {raw!r}.", where=place)
    return tuple(sizes)


def _counts(h: Hyper, raw: Any, place: str) -> tuple[int, ...]:
    counts = raw if isinstance(raw, (list, tuple)) else ()
    if not 1 <= len(counts) <= MOST_COUNTS or any(type(n) is not int for n in counts):
        what = f"{h.label} must be 1 to {MOST_COUNTS:,} whole numbers, not {raw!r:.60}."
        raise UserInputError(what, where=place)
    return tuple(int(_number(h, n, place)) for n in counts)


def _number(h: Hyper, raw: Any, place: str) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not -math.inf < raw < math.inf:
        raise UserInputError(f"{h.label} must be a finite number, not {raw!r}.", where=place)
    if h.kind == "int" and raw != int(raw):
        raise UserInputError(f"{h.label} must be a whole number, not {raw!r}.", where=place)
    if (h.minimum is not None and raw < h.minimum) or (h.maximum is not None and raw > h.maximum):
        low = "" if h.minimum is None else f"at least {_digits(h.minimum)}"
        high = "" if h.maximum is None else f"at most {_digits(h.maximum)}"
        limits = " and ".join(part for part in (low, high) if part)
        raise UserInputError(f"{h.label} is {_digits(raw)}; it must be {limits}.", where=place)
    return int(raw) if h.kind in ("int", "counts") else float(raw)


def _digits(number: float) -> str:
    return (f"{number:,}" if isinstance(number, int) else f"{number:,.10g}")[:40]


def to_json(value: Any) -> dict[str, Any]:
    """Field names to plain values, described fields only."""
    plain = {name: getattr(value, name) for name in hypers(value)}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}


def from_json(cls: type[Any], data: dict[str, Any], *, where: str = "") -> Any:
    """The inverse of `to_json`: every value checked, unknown names refused."""
    unknown = sorted(set(data) - set(hypers(cls)))
    if unknown:
        raise UserInputError(f"Unknown setting {unknown[0]!r}.", where=where or cls.__name__)
    return cls(**{name: checked(cls, name, raw, where=where) for name, raw in data.items()})


def tagged_to_json(value: Any) -> dict[str, Any]:
    """As `to_json`, with the value's kind, for families of classes that are told apart by it."""
    return {"kind": value.kind, **to_json(value)}


def tagged_from_json(
    family: Mapping[str, type[Any]], data: Mapping[str, Any], what: str, *, where: str | None = None
) -> Any:
    """The inverse of `tagged_to_json`, for a family of classes by kind; `what` names it in a refusal.

    where: the place that refusals name; None: the class's label.
    """
    kind = data.get("kind")
    cls = family.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise UserInputError(f"Unknown {what} {kind!r}.", where=where or "", remedy=f"Use one of: {', '.join(family)}.")
    rest = {name: raw for name, raw in data.items() if name != "kind"}
    return from_json(cls, rest, where=cls.label if where is None else where)
