"""How columns are prepared, as told on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.data.choices import USUAL, ColumnChoice
from core.data.kinds import WISHED
from core.data.preprocess import DATE_PARTS
from core.errors import UserInputError
from core.spec import DataSpec

# Words on the command line, and the values they stand for.
IMPUTE = {"median": "", "mean": "mean", "most-frequent": "most frequent", "own": "own", "zero": "zero"}
SCALE = {"standard": "", "min-max": "min-max", "robust": "robust", "none": "none"}
ENCODE = {"auto": "", "one-hot": "one-hot", "embedding": "embedding"}
WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "impute": ("missing", IMPUTE), "scale": ("scaling", SCALE), "encode": ("encoding", ENCODE)
}  # fmt: skip
TRUTHS = {"yes": True, "no": False}
KEYS = (*WORDS, "rare", "indicator", "parts", "width", "kind")

_TOLD = re.compile(r"(?P<name>.+):(?P<key>[a-z]+)=(?P<value>[^=]*)", re.DOTALL)


def add_to(sub: argparse.ArgumentParser) -> None:
    """The options of one sub-command."""
    add = sub.add_argument
    add("--impute", choices=tuple(IMPUTE), help="what stands in for missing cells; own: a category of its own")
    add("--scale", choices=tuple(SCALE), help="how numbers are scaled")
    add("--encode", choices=tuple(ENCODE), help="what labels become; auto: one-hot of the 64 most frequent")
    add("--rare", type=int, metavar="N", help="labels with fewer training rows than this count as one")
    add("--indicator", action="store_true", help="one more input says where a cell is missing")
    add(
        "--column", metavar="NAME:KEY=VALUE", action="append", default=[],
        help=f"the same for one column; KEY: {', '.join(KEYS)}; parts of a date as time+week, a kind as "
        f"{', '.join(WISHED)}; may be told more than once",
    )  # fmt: skip


def given(options: argparse.Namespace, spec: DataSpec) -> dict[str, Any]:
    """The fields `columns` and `kinds` of a data specification in JSON, where something was told.

    Raises:
        UserInputError: something that cannot be told of a column.
    """
    columns, kinds = dict(spec.columns), dict(spec.kinds)
    told = {key: value for key in (*WORDS, "rare") if (value := getattr(options, key)) is not None}
    if options.indicator:
        told["indicator"] = "yes"
    for key, value in told.items():
        columns[""] = _with(columns.get("", USUAL), key, str(value), f"--{key}")
    for text in options.column:
        found = _TOLD.fullmatch(text)
        if found is None:
            remedy = "Write NAME:KEY=VALUE, such as age:scale=robust."
            raise UserInputError(f"{text!r} is no choice for a column.", where="--column", remedy=remedy)
        name, key, value = found.group("name", "key", "value")
        if key == "kind":
            kinds[name] = value
        else:
            columns[name] = _with(columns.get(name, columns.get("", USUAL)), key, value, "--column")
    if columns == dict(spec.columns) and kinds == dict(spec.kinds):
        return {}
    return {"columns": {name: choice.to_json() for name, choice in columns.items()}, "kinds": kinds}


def _with(choice: ColumnChoice, key: str, value: str, where: str) -> ColumnChoice:
    if key in WORDS:
        field, known = WORDS[key]
        return replace(choice, **{field: _one_of(known, value, key, where)})
    if key == "indicator":
        return replace(choice, indicator=_one_of(TRUTHS, value, key, where))
    if key == "parts":
        some = [_one_of({part: part for part in DATE_PARTS}, part, key, where) for part in value.split("+")]
        return replace(choice, parts=tuple(part for part in DATE_PARTS if part in some))
    if key not in ("rare", "width"):
        raise UserInputError(f"{key!r} is nothing to choose.", where=where, remedy=f"Use one of: {', '.join(KEYS)}.")
    if not value.isdecimal() or len(value) > 9:
        raise UserInputError(f"{value!r} is no number for {key!r}.", where=where, remedy="Use a whole number from 0.")
    return replace(choice, rare=int(value)) if key == "rare" else replace(choice, width=int(value))


def _one_of(known: Mapping[str, Any], value: str, key: str, where: str) -> Any:
    if value not in known:
        remedy = f"Use one of: {', '.join(known)}."
        raise UserInputError(f"{value!r} is no choice for {key!r}.", where=where, remedy=remedy)
    return known[value]
