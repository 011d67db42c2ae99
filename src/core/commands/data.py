"""What is done with the data, as told on the command line: target, split, columns, images."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from core import values
from core.commands import columns
from core.commands.sources import as_told, number_of, source_of
from core.data.augmentation import Augmentation
from core.errors import UserInputError
from core.spec import DataSpec, Project


def data_spec(options: argparse.Namespace, project: Project | None) -> DataSpec:
    if project is not None and project.data is None:
        raise UserInputError("This project has no data.", where=options.data, remedy="Open it and choose data first.")
    spec = project.data if project is not None and project.data else DataSpec(source_of(options.data))
    spec = replace(spec, source=as_told(spec.source, options))
    given = {
        "validation": options.validation,
        "test": options.test,
        "seed": options.seed,
        "excluded": [*spec.excluded, *options.exclude] if options.exclude else None,
        "logs": [*spec.logs, *options.log] if options.log else None,
        "drop_duplicates": options.drop_duplicates or None,
        **columns.given(options, spec),
        **target_given(options, spec),
        **_split_given(options),
        **_images_given(options),
    }
    return DataSpec.from_json({**spec.to_json(), **{k: v for k, v in given.items() if v is not None}})


def target_given(options: argparse.Namespace, spec: DataSpec) -> dict[str, Any]:
    """What to predict as told on the command line; other targets than those of `spec` have no task or separator yet."""
    given: dict[str, Any] = {}
    if options.target and options.target != [spec.target, *spec.targets]:
        first, *others = options.target
        task = "auto" if spec.targets or spec.task == "labels" else spec.task
        given |= {"target": first, "targets": others, "task": task, "separator": ""}
    if options.task != "auto":
        given["task"] = options.task
    if options.separator:
        given["separator"] = options.separator
    return given


def _split_given(options: argparse.Namespace) -> dict[str, Any]:
    """The way to split as told on the command line: "random", "group:NAME"."""
    if options.split is None:
        return {}
    kind, _, column = options.split.partition(":")
    return {"split": kind, "split_by": column}


def _images_given(options: argparse.Namespace) -> dict[str, Any]:
    """Size, channels and augmentation as told on the command line."""
    given: dict[str, Any] = {}
    if options.image_size:
        sides = options.image_size.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
            text = f"{options.image_size!r} is no size of images."
            raise UserInputError(text, where="--image-size", remedy="Write 64, or 64x48 for width and height.")
        given |= {"width": int(sides[0]), "height": int(sides[-1])}
    if options.channels:
        given["channels"] = {"grey": 1, "rgb": 3}[options.channels]
    if options.augment:
        pairs = [pair.partition("=") for pair in options.augment.split(",")]
        told = values.hypers(Augmentation)
        given["augmentation"] = {
            name: number_of(text, where="--augment") if name in told and told[name].kind == "float" else text
            for name, _, text in pairs
        }
    return given
