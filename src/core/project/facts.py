"""What a project and an export remember of the prepared data, as plain JSON: names, numbers, never rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from core.data.preprocess import (
    DATE_PARTS,
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    ImageFeature,
    LabelsTarget,
    NumberFeature,
    NumberTarget,
    Preparation,
    Target,
    TextFeature,
)
from core.data.schema import Prepared
from core.data.spec import MOST_PIXELS
from core.errors import UserInputError

MOST_FORMS = 64
MOST_WIDTH = 2**16
TASKS = ("classification", "regression", "labels")


def preparation_to_json(preparation: Preparation) -> dict[str, Any]:
    image = preparation.image
    return {
        "features": [_feature_to_json(feature) for feature in preparation.features],
        "target": _target_to_json(preparation.target),
        **({} if image is None else {"image": {**vars(image), "mean": list(image.mean), "scale": list(image.scale)}}),
    }


def preparation_from_json(data: Any, *, where: str = "preparation") -> Preparation:
    """The inverse of `preparation_to_json`; raises UserInputError for anything malformed."""
    features = tuple(_feature(entry, where) for entry in _list(data, "features", where))
    image = _image(data["image"], where) if "image" in data else None
    if image is not None and features:
        _refuse(where, "A row is either an image or columns.")
    return Preparation(features, _target(_table(data, "target", where), where), image)


def prepared_to_json(prepared: Prepared) -> dict[str, Any]:
    """Everything but the folder of arrays, which belongs to one computer."""
    return {
        "fingerprint": prepared.fingerprint,
        "task": prepared.task,
        "target": prepared.target,
        "feature_names": list(prepared.feature_names),
        "row_shape": list(prepared.row_shape),
        "outputs": prepared.outputs,
        "classes": list(prepared.classes),
        "rows": dict(prepared.rows),
        "preparation": preparation_to_json(prepared.preparation),
        "warnings": list(prepared.warnings),
    }


def prepared_from_json(data: Any, *, where: str = "preparation") -> Prepared:
    """The inverse of `prepared_to_json`, with `folder` ""; raises UserInputError for anything malformed."""
    task = _text(data, "task", where)
    if task not in TASKS:
        _refuse(where, f"The task {task[:60]!r} is none of {', '.join(TASKS)}.")
    made = Prepared(
        folder="",
        fingerprint=_text(data, "fingerprint", where),
        task=task,
        target=_text(data, "target", where),
        feature_names=_texts(data, "feature_names", where),
        row_shape=tuple(_count(n, "row_shape", where) for n in _list(data, "row_shape", where)),
        outputs=_count(data.get("outputs"), "outputs", where),
        classes=_texts(data, "classes", where),
        rows={str(k): _count(v, "rows", where) for k, v in _table(data, "rows", where).items()},
        preparation=preparation_from_json(_table(data, "preparation", where), where=where),
        warnings=_texts(data, "warnings", where),
    )
    goal = made.preparation.target
    if made.classes != (() if isinstance(goal, NumberTarget) else goal.classes) or task != _task_of(goal):
        _refuse(where, "The classes do not fit the task.")
    return made


def _task_of(target: Target) -> str:
    if isinstance(target, LabelsTarget):
        return "labels"
    return "classification" if isinstance(target, ClassTarget) and target.classes else "regression"


def _feature_to_json(feature: Feature) -> dict[str, Any]:
    """Its fields under its kind, without the flags that are off: earlier versions do not know them."""
    kinds = {NumberFeature: "number", CategoryFeature: "category", DateFeature: "date", TextFeature: "text"}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(feature).items()}
    return {"kind": kinds[type(feature)], **{k: v for k, v in plain.items() if v is not False}}


def _feature(entry: Any, where: str) -> Feature:
    name, kind = _text(entry, "name", where), _text(entry, "kind", where)
    if kind == "text":
        return TextFeature(name, _within(entry, "width", MOST_WIDTH, where))
    if kind not in ("number", "category", "date"):
        _refuse(where, f"The column {name[:60]!r} is of the unknown kind {kind[:60]!r}.")
    indicator = _flag(entry, "indicator", where)
    if kind == "category":
        other, embedded = (_flag(entry, flag, where) for flag in ("other", "embedded"))
        labels, stand_in = _texts(entry, "categories", where), _text(entry, "fill", where)
        return CategoryFeature(name, labels, stand_in, other, embedded, indicator)
    fill, mean, scale = _number(entry, "fill", where), _number(entry, "mean", where), _scale(entry, where)
    if kind == "number":
        return NumberFeature(name, fill, mean, scale, _flag(entry, "log", where), indicator)
    parts, forms = _texts(entry, "parts", where), _texts(entry, "forms", where)
    if not parts or parts != tuple(part for part in DATE_PARTS if part in parts) or len(forms) > MOST_FORMS:
        _refuse(where, f"The parts of the dates in {name[:60]!r} are not in order.")
    return DateFeature(name, parts, fill, mean, scale, forms, indicator)


def _image(entry: Any, where: str) -> ImageFeature:
    height, width = (_count(_field(entry, name, where), name, where) for name in ("height", "width"))
    mean, scale = (_list(entry, name, where) for name in ("mean", "scale"))
    fits = all(1 <= side <= MOST_PIXELS for side in (height, width)) and len(mean) in (1, 3)
    if not fits or len(scale) != len(mean):
        _refuse(where, "The image has no legal size.")
    return ImageFeature(
        _text(entry, "name", where), height, width,
        mean=tuple(_number({"mean": value}, "mean", where) for value in mean),
        scale=tuple(_scale({"scale": value}, where) for value in scale),
        white=_scale({"scale": _field(entry, "white", where)}, where),
    )  # fmt: skip


def _target_to_json(target: Target) -> dict[str, Any]:
    if isinstance(target, ClassTarget):
        return {"kind": "classes", "name": target.name, "classes": list(target.classes)}
    if isinstance(target, LabelsTarget):
        told = {"separator": target.separator} if target.separator else {"columns": list(target.columns)}
        return {"kind": "labels", "name": target.name, "classes": list(target.classes), **told}
    return {"kind": "number", "name": target.name, "mean": target.mean, "scale": target.scale}


def _target(entry: Mapping[str, Any], where: str) -> Target:
    name, kind = _text(entry, "name", where), _text(entry, "kind", where)
    if kind == "classes":
        return ClassTarget(name, _texts(entry, "classes", where))
    if kind == "labels":
        return _labels(entry, name, where)
    if kind == "number":
        return NumberTarget(name, _number(entry, "mean", where), _scale(entry, where))
    _refuse(where, f"The target {name[:60]!r} is of the unknown kind {kind[:60]!r}.")


def _labels(entry: Mapping[str, Any], name: str, where: str) -> LabelsTarget:
    separator = _text(entry, "separator", where) if "separator" in entry else ""
    columns = () if separator else _texts(entry, "columns", where)
    made = LabelsTarget(name, _texts(entry, "classes", where), separator, columns)
    if not made.classes or (not separator and len(columns) != len(made.classes)):
        _refuse(where, "The labels do not fit their columns.")
    return made


def _field(data: Any, name: str, where: str) -> Any:
    if not isinstance(data, Mapping) or name not in data:
        _refuse(where, f"{name!r} is missing.")
    return data[name]


def _table(data: Any, name: str, where: str) -> Mapping[str, Any]:
    found = _field(data, name, where)
    return found if isinstance(found, Mapping) else _refuse(where, f"{name!r} is not a table.")


def _list(data: Any, name: str, where: str) -> list[Any]:
    found = _field(data, name, where)
    return found if isinstance(found, list) else _refuse(where, f"{name!r} is not a list.")


def _text(data: Any, name: str, where: str) -> str:
    found = _field(data, name, where)
    return found if isinstance(found, str) else _refuse(where, f"{name!r} is not a text.")


def _texts(data: Any, name: str, where: str) -> tuple[str, ...]:
    found = _list(data, name, where)
    return tuple(found) if all(isinstance(n, str) for n in found) else _refuse(where, f"{name!r} holds no texts.")


def _number(data: Any, name: str, where: str) -> float:
    found = _field(data, name, where)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not abs(found) < math.inf:
        _refuse(where, f"{name!r} is not a finite number.")
    return float(found)


def _scale(data: Any, where: str) -> float:
    found = _number(data, "scale", where)
    return found if found > 0 else _refuse(where, "A scale is not above zero.")


def _flag(data: Mapping[str, Any], name: str, where: str) -> bool:
    """A truth value that is off where it is not told."""
    found = data.get(name, False)
    return found if isinstance(found, bool) else _refuse(where, f"{name!r} is neither true nor false.")


def _within(data: Any, name: str, most: int, where: str) -> int:
    found = _count(_field(data, name, where), name, where)
    return found if 1 <= found <= most else _refuse(where, f"{name!r} is not within 1 to {most:,}.")


def _count(value: Any, name: str, where: str) -> int:
    return value if type(value) is int and 0 <= value < 2**63 else _refuse(where, f"{name!r} is not a count.")


def _refuse(where: str, reason: str) -> NoReturn:
    raise UserInputError("The description of the prepared data is damaged.", where=where, reason=reason)
