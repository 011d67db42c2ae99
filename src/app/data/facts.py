"""What the data pages say about a table, in words; and the edits of a column's part in it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app import dates, theme
from core.data.schema import ColumnProfile, ImageFacts, TableProfile
from core.spec import DataSpec

GLYPHS: Mapping[str, str] = {
    "number": "#", "category": "A", "date": "◷", "boolean": "✓", "text": "T", "identifier": "1", "constant": "=",
    "empty": "∅", "image": "▦",
}  # fmt: skip
KIND_HELP: Mapping[str, str] = {
    "number": "Numbers. Scaled to mean 0 and spread 1 before they enter the network, unless you choose otherwise.",
    "category": "Categories. Each value becomes one input that is 1 for its rows and 0 elsewhere (one-hot).",
    "date": "Points in time. They enter as the time itself and as cycles: of year, month, week and day.",
    "boolean": "Yes or no. Each of the two becomes one input that is 1 for its rows and 0 elsewhere.",
    "text": "Free text. Left out until you choose to count its words.",
    "identifier": "An identifier: it names a row and says nothing about the others.",
    "constant": "The same value in every row: nothing can be learned from it.",
    "empty": "No values at all.",
    "image": "Images. Resized, then scaled to mean 0 and spread 1 in every channel.",
}
DELIMITERS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon"}
ENCODINGS: Mapping[str, str] = {"utf-8": "UTF-8", "utf-16": "UTF-16", "latin-1": "Latin-1"}

UNUSED = ("excluded", "left out", "split")  # parts of columns that are no input


def count(n: int, one: str, many: str = "") -> str:
    """ "1 row", "1,797 rows"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def shown(name: str) -> str:
    """A name on one line; what breaks lines becomes a space."""
    return " ".join(name.split()) or "(blank)"


def compact(x: float) -> str:
    """Three significant digits, whole numbers up to six digits in full: a span must fit under a narrow column."""
    if x == int(x) and abs(x) < 1e6:
        return str(int(x))
    return theme.number(round(x) if 1e3 <= abs(x) < 1e6 else float(f"{x:.3g}"))


def missing_cells(profile: TableProfile) -> int:
    return sum(c.missing + c.invalid for c in profile.columns)


def image_facts(profile: TableProfile, images: ImageFacts) -> str:
    colours = "grey" if images.channels == 1 else "colour"
    parts = [count(profile.rows, "image")]
    if profile.task == "classification":
        parts.append(count(len(images.classes), "class", "classes"))
    return " · ".join([*parts, f"{images.width} × {images.height} {colours}"])


def short_facts(profile: TableProfile) -> str:
    if profile.images is not None:
        return image_facts(profile, profile.images)
    missing = missing_cells(profile)
    gaps = f"{count(missing, 'cell')} missing" if missing else "no missing values"
    return f"{count(profile.rows, 'row')} · {count(len(profile.columns), 'column')} · {gaps}"


def table_facts(profile: TableProfile, *, file: bool = True) -> str:
    """Size, gaps and, for a file, how it was read; where bundled data come from stands last."""
    if profile.images is not None:
        return f"{image_facts(profile, profile.images)} · {profile.images.kind}"
    parts = [count(profile.rows, "row"), count(len(profile.columns), "column")]
    if file and profile.delimiter:
        parts.append(DELIMITERS.get(profile.delimiter, f"separated by {profile.delimiter!r}"))
    if file and profile.encoding:
        parts.append(ENCODINGS.get(profile.encoding.lower(), profile.encoding))
    if not profile.header:
        parts.append("no header row")
    missing = missing_cells(profile)
    parts.append(f"{count(missing, 'cell')} missing" if missing else "no missing values")
    if profile.source_note:
        parts.append(profile.source_note)
    return " · ".join(parts)


def role(spec: DataSpec | None, profile: TableProfile, column: ColumnProfile) -> str:
    """ "target", "feature", "split" (it decides the parts), "excluded" (by the person) or "left out" (no feature)."""
    if column.name in profile.predicted:
        return "target"
    if spec is not None and column.name == spec.split_by:
        return "split"
    if spec is not None and column.name in spec.excluded:
        return "excluded"
    return "feature" if column.usable else "left out"


def part_word(part: str) -> str:
    """A part as it is shown: whoever left a column out, it is left out."""
    return "left out" if part == "excluded" else part


def prepared_by_hand(spec: DataSpec | None, name: str) -> bool:
    """Whether a person chose how that column is read or prepared."""
    return spec is not None and (name in spec.columns or name in spec.kinds or name in spec.logs)


def column_range(profile: TableProfile, column: ColumnProfile) -> str:
    """The one fact under a column's name: gaps first, since they ask for a decision, then its span or its values."""
    if column.kind == "image" and profile.images is not None:
        return f"{profile.images.width} × {profile.images.height}"
    gaps = column.missing + column.invalid
    if gaps and column.name not in profile.predicted:
        return f"{gaps:,} missing"
    if column.name == profile.target and profile.task == "classification":
        return count(column.distinct, "class", "classes")
    if column.name == profile.target and profile.separator:
        return count(column.distinct, "label")
    if column.kind == "date" and column.minimum is not None and column.maximum is not None:
        return " – ".join(dict.fromkeys(dates.span(column.minimum, column.maximum)))
    if column.kind in ("number", "identifier") and column.minimum is not None and column.maximum is not None:
        return f"{compact(column.minimum)} – {compact(column.maximum)}"
    return "" if column.kind == "empty" else count(column.distinct, "value")


def ends(column: ColumnProfile) -> tuple[str, str]:
    """What stands under the two ends of a column's histogram: its span, or its first label and how many there are."""
    if column.minimum is not None and column.maximum is not None and column.kind == "date":
        return dates.shown(column.minimum), dates.shown(column.maximum)
    if column.minimum is not None and column.maximum is not None and column.kind not in ("category", "boolean"):
        return theme.number(column.minimum), theme.number(column.maximum)
    if not column.categories:
        return "", count(column.distinct, "value")
    name, n = column.categories[0]
    return f"{shown(name)} ({n:,})", count(column.distinct, "label")


def column_help(profile: TableProfile, column: ColumnProfile, part: str) -> str:
    """The tooltip of a column: what it is, why, and its figures, a line each."""
    lines = [shown(column.name), KIND_HELP.get(column.kind, column.kind)]
    if column.reason:
        lines.append(column.reason)
    if column.minimum is not None and column.maximum is not None:
        of = dates.shown if column.kind == "date" else theme.number
        lines.append(f"From {of(column.minimum)} to {of(column.maximum)}")
    if column.mean is not None and column.standard_deviation is not None and column.kind != "date":
        spread = theme.number(column.standard_deviation)
        lines.append(f"Mean {theme.number(column.mean)}, standard deviation {spread}")
    if column.categories:
        most = ", ".join(f"{shown(name)} ({n:,})" for name, n in column.categories[:6])
        lines.append(f"{most}, …" if column.distinct > 6 else most)
    if column.missing:
        lines.append(f"{count(column.missing, 'cell')} missing: filled in as learned from the training rows")
    if column.invalid:
        lines.append(f"{count(column.invalid, 'cell')} could not be read and count as missing")
    told = {
        "target": "What the network learns to predict.", "excluded": "Left out: the network never sees it.",
        "split": "Decides which rows train, validate and test; the network never sees it.",
    }  # fmt: skip
    lines.append(told.get(part, ""))
    return "\n".join(line for line in lines if line)


@dataclass(frozen=True)
class ColumnEdit:
    """What undo calls it, and the fields of the data settings it changes."""

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)


def _one_target(spec: DataSpec) -> Mapping[str, Any]:
    """The changes that take back what belongs to several labels."""
    return {"targets": (), "separator": ""} if spec.targets or spec.separator else {}


def choose_task(spec: DataSpec, task: str, words: str) -> ColumnEdit:
    """Predict the target as this; what belongs to several labels goes with them."""
    return ColumnEdit(f"Predict {words}", {"task": task, **({} if task == "labels" else _one_target(spec))})


def make_targets(spec: DataSpec, names: tuple[str, ...]) -> ColumnEdit:
    """Several columns of yes and no, each a label; one alone is a class."""
    first, *others = names
    if not others:
        return make_target(spec, first)
    kept = tuple(n for n in spec.excluded if n not in names)
    split = {"split": "stratified", "split_by": ""} if spec.split_by in names else {}
    told = {"target": first, "targets": tuple(others), "separator": "", "task": "labels", "excluded": kept}
    return ColumnEdit(f"Predict {len(names):,} labels", {**told, **split})


def join_by(separator: str) -> ColumnEdit:
    return ColumnEdit("Change what joins labels", {"separator": separator, "targets": (), "task": "labels"})


def make_target(spec: DataSpec, name: str) -> ColumnEdit:
    kept = tuple(n for n in spec.excluded if n != name)
    split = {"split": "stratified", "split_by": ""} if name == spec.split_by else {}
    told = {"target": name, "task": "auto", "excluded": kept, **_one_target(spec)}
    return ColumnEdit(f"Predict {shown(name)}", {**told, **split})


def exclude(spec: DataSpec, *names: str) -> ColumnEdit:
    return ColumnEdit(f"Leave out {told(names)}", {"excluded": (*_others(spec.excluded, names), *names)})


def include(spec: DataSpec, *names: str) -> ColumnEdit:
    return ColumnEdit(f"Use {told(names)}", {"excluded": _others(spec.excluded, names)})


def read_as(spec: DataSpec, *names: str, kind: str) -> ColumnEdit:
    """Of another kind, and used where it was left out; kind "": as found."""
    kinds = {name: k for name, k in spec.kinds.items() if name not in names}
    if not kind:
        return ColumnEdit(f"Read {told(names)} as found", {"kinds": kinds})
    kept = _others(spec.excluded, names)
    used = {"excluded": kept} if kept != spec.excluded else {}
    return ColumnEdit(f"Read {told(names)} as {kind}", {"kinds": kinds | dict.fromkeys(names, kind), **used})


def log(spec: DataSpec, *names: str, use: bool) -> ColumnEdit:
    others = _others(spec.logs, names)
    words = f"Use the logarithm of {told(names)}" if use else f"Use {told(names)} as it is"
    return ColumnEdit(words, {"logs": (*others, *names) if use else others})


def told(names: Sequence[str]) -> str:
    """ "age", "3 columns"."""
    return shown(names[0]) if len(names) == 1 else count(len(names), "column")


def _others(some: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in some if name not in names)


def repair(spec: DataSpec, column: str, action: str) -> ColumnEdit | None:
    """The edit behind a finding's one click; None for an action that this window does not know."""
    if action == "exclude":
        return exclude(spec, column)
    if action in ("category", "number", "date", "text"):
        return read_as(spec, column, kind=action)
    if action == "embedding":
        choice = replace(spec.choice(column), encoding="embedding")
        return ColumnEdit(f"Embed the labels of {shown(column)}", {"columns": {**spec.columns, column: choice}})
    if action in ("log", "no log"):
        return log(spec, column, use=action == "log")
    if action in ("keep one", "keep all"):
        words = "Keep one of each repeated row" if action == "keep one" else "Use repeated rows"
        return ColumnEdit(words, {"drop_duplicates": action == "keep one"})
    return None
