"""Where data come from and how they are read, as told on the command line."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from core import values
from core.errors import UserInputError
from core.project.atomic import check_writable
from core.spec import DataSource


def source_of(path: str) -> DataSource:
    """A data file, a bundled sample as "sample:iris", or generated data as "generator:moons?rows=400&noise=0.1".

    Raises:
        UserInputError: a generator, a setting or a value that does not exist.
    """
    kind, _, name = path.partition(":")
    if kind == "sample" and name:
        return DataSource(kind, name)
    if kind == "generator" and name:
        return _generator_of(*name.split("?", 1))
    return DataSource("file", Path(path).name, str(Path(path).absolute()))


def _generator_of(name: str, query: str = "") -> DataSource:
    """Settings that are not named are as usual for that generator."""
    from core.data import generators

    plain = generators.usual(name)
    told = values.hypers(plain)
    given: dict[str, Any] = {"rows": plain.rows, "noise": plain.noise, "seed": plain.seed}
    for setting, text in parse_qsl(query, keep_blank_values=True):
        number = told[setting].kind in ("int", "float") if setting in told else False
        given[setting] = number_of(text, where=f"generator:{name}, {setting}") if number else text
    common = {field: given.pop(field) for field in generators.COMMON}
    made = generators.settled(name, **common, choices=given)
    own = {field: getattr(made, field) for field in given}
    return DataSource("generator", name, rows=made.rows, noise=made.noise, seed=made.seed, choices=own)


def number_of(text: str, *, where: str) -> int | float:
    try:
        return float(text) if not text.lstrip("+-").isdecimal() else int(text)
    except ValueError:
        raise UserInputError(f"{text!r} is not a number.", where=where) from None


def as_told(source: DataSource, options: argparse.Namespace) -> DataSource:
    """A source, read as the options of the command line say."""
    told = {name: getattr(options, name) for name in DataSource.READING if getattr(options, name)}
    if not options.also:
        return replace(source, **told)
    if source.kind != "file":
        remedy = "Name two files, or leave --also out."
        raise UserInputError("Only a file can have others beside it.", where="--also", remedy=remedy)
    also = tuple(str(Path(path).absolute()) for path in options.also)
    name = f"{source.name} and {len(also):,} more"
    return replace(source, name=name, also=also, **told)


def check_out(out: str, *inputs: str) -> None:
    """Refuse, before any work, a place where nothing can be written or whose file is being read."""
    check_writable(out)
    if os.path.realpath(out) in map(os.path.realpath, inputs):
        raise UserInputError("This would replace the file that is read.", where=out, remedy="Choose another name.")
