"""What the bar of the split shows, and which of its borders can be moved: the data may bring some of the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.data.schema import TableProfile
from core.spec import DataSpec

BY_COLUMN = "A column names the part of each row."
BY_SOURCE = "The images come divided into these parts."
BY_TEST = "The test images come with the data."
BY_FOLDS = "One fold validates, so its share follows from the number of folds."
BY_TIME = "Each fold trains on what came before it. Choose another number of folds, or another split."


@dataclass(frozen=True)
class SplitShown:
    """Shares of all rows as they are; first, second: why the border before the validation or the test rows cannot be
    moved, "" where it can."""

    validation: float
    test: float
    first: str = ""
    second: str = ""


def shown_split(spec: DataSpec, profile: TableProfile, counts: Mapping[str, int] | None) -> SplitShown:
    """counts: rows by part where they are known."""
    made = SplitShown(spec.validation, spec.test)
    if spec.split == "column":
        made = _counted(SplitShown(0.0, 0.0, BY_COLUMN, BY_COLUMN), counts)
    elif profile.images is not None and (profile.images.part >= 0).any():
        made = _brought(spec, profile, counts)
    if spec.folds:
        made = replace(made, first=BY_FOLDS, validation=(1.0 - made.test) / spec.folds)
        if spec.split == "time":
            made = _counted(replace(made, second=BY_TIME), counts)
    return made


def _brought(spec: DataSpec, profile: TableProfile, counts: Mapping[str, int] | None) -> SplitShown:
    """Of images that say themselves which of them test."""
    assert profile.images is not None
    part = profile.images.part[profile.images.usable]
    if (part == 1).any():
        return _counted(SplitShown(0.0, 0.0, BY_SOURCE, BY_SOURCE), counts)
    test = float(np.mean(part == 2))
    return SplitShown(spec.validation / (1.0 - spec.test) * (1.0 - test), test, "", BY_TEST)


def _counted(made: SplitShown, counts: Mapping[str, int] | None) -> SplitShown:
    whole = sum(counts.values()) if counts is not None else 0
    if counts is None or not whole:
        return made
    return replace(made, validation=counts["validation"] / whole, test=counts["test"] / whole)


def shares_of(spec: DataSpec, shown: SplitShown, validation: float, test: float) -> dict[str, float]:
    """The fields of the specification that give the bar these shares of all rows."""
    changes = {}
    if not shown.second:
        changes["test"] = test
    if not shown.first:
        whole = validation if not shown.second else validation / (1.0 - shown.test) * (1.0 - spec.test)
        changes["validation"] = round(whole, 4)
    if shown.first and test + spec.validation >= 1.0:  # the share that plays no part for now must stay a legal one
        changes["validation"] = round((1.0 - test) / 2, 4)
    return changes
