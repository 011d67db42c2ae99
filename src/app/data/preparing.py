"""How columns are prepared: what can be chosen for each kind, the edits, and what comes of it in words. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app import theme
from app.data import facts
from app.data.facts import ColumnEdit, count, shown
from core.data import cells, dates
from core.data.choices import USUAL, ColumnChoice
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, TextFeature
from core.data.schema import ColumnProfile, Prepared, TableProfile
from core.spec import DataSpec

ALL = ""  # the name under which the choice for all columns stands
FEW_LABELS = 64  # so many get an input each without being asked to
LABELLED = ("category", "boolean")


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    help: str


MEDIAN = Option("", "median", "The middle value of the training rows. Extreme values do not move it.")
MEAN = Option("mean", "mean", "The mean of the training rows. It keeps the mean, and extreme values move it.")
FREQUENT = Option("most frequent", "most frequent", "The value that most training rows have.")
COMMONEST = replace(FREQUENT, value="")
ZERO = Option("zero", "zero", "Where nothing was noted because there was nothing.")
OWN = Option("own", "category of its own", "Missing counts as one more label: for cells that are empty for a reason.")
MISSING: Mapping[str, tuple[Option, ...]] = {
    "number": (MEDIAN, MEAN, FREQUENT, ZERO),
    "category": (COMMONEST, OWN),
    ALL: (
        Option("", "median or most frequent", "Numbers: the median. Labels: the most frequent one."),
        replace(MEAN, help=f"Numbers: {MEAN.help[:1].lower()}{MEAN.help[1:]} Labels: the most frequent one."),
        FREQUENT,
        Option("zero", "zero", "Numbers: 0. Labels: the most frequent one."),
        Option("own", "category of its own", "Labels: one more. Numbers: the median."),
    ),
}
SCALINGS = (
    Option("", "standard", "(x − mean) / standard deviation: mean 0 and spread 1. What networks learn from best."),
    Option("min-max", "from 0 to 1", "(x − least) / (greatest − least): for values with firm bounds."),
    Option("robust", "robust", "(x − median) / spread of the middle half: a few extreme values hardly matter."),
    Option("none", "as it is", "Enters unchanged. Beside scaled columns, large numbers then weigh too much."),
)
ENCODINGS = (
    Option("", "one-hot", "One input for each label, 1 where a row has it, else 0. Of many, the 64 most frequent."),
    Option("one-hot", "one-hot, every label", "One input for each label, however many there are."),
    Option(
        "embedding", "embedding", "One code, for which the layer Embed columns learns a few numbers: alike labels "
        "come to lie close together. For many labels."
    ),
)  # fmt: skip
PARTS = (
    Option("time", "Time", "Earlier or later: for what grows or falls over the years. One input."),
    Option("year", "Time of year", "Sine and cosine of the season, so that December lies beside January."),
    Option("month", "Time of month", "Sine and cosine of the day of the month."),
    Option("week", "Day of week", "Sine and cosine of the day of the week, so that Sunday lies beside Monday."),
    Option("day", "Time of day", "Sine and cosine of the hour, so that midnight lies between 23 and 1."),
)
KINDS = (
    Option("number", "number", "Read as numbers. What is none counts as missing."),
    Option("category", "category", "Read as labels. Every different text is one."),
    Option("date", "date", "Read as points in time. What is none counts as missing."),
    Option("text", "text", "Read as words, which are counted."),
)
INDICATOR_HELP = (
    "One more input, 1 where the cell was missing and else 0: the network can learn from the gap itself. "
    "What stands in for the cell stays. It is added where a training row misses a cell."
)
RARE_HELP = (
    "Labels with fewer training rows than this share one input, as do labels that were never seen. "
    "Of too few rows nothing can be learned."
)
WIDTH_HELP = (
    "Every word is counted in one of so many buckets, chosen by its hash. More buckets: fewer words share one, "
    "and more weights to learn."
)
LOG_HELP = "log(1 + x), then scaled: for numbers from 0 that span powers of ten."


READERS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "number": (lambda cell: cells.number(cell.replace(",", ".")) is not None, "a number"),
    "date": (dates.is_date, "a date"),
}


def group(column: ColumnProfile) -> str:
    """ "number", "category", "date" or "text": which choices a column has; "" for none."""
    if column.kind in LABELLED:
        return "category"
    return column.kind if column.kind in ("number", "date", "text") else ""


def encodings(column: ColumnProfile | None, chosen: Sequence[str]) -> tuple[Option, ...]:
    """Few labels get an input each anyway."""
    few = column is not None and column.distinct <= FEW_LABELS and "one-hot" not in chosen
    return tuple(option for option in ENCODINGS if not (few and option.value == "one-hot"))


# --- edits


def choose(spec: DataSpec, names: Sequence[str], **changes: Any) -> ColumnEdit:
    """Other choices for these columns, or for all that have none of their own where it is `ALL`."""
    columns = dict(spec.columns)
    for name in names:
        chosen = replace(spec.columns.get(ALL, USUAL) if name == ALL else spec.choice(name), **changes)
        columns[name] = chosen
        if name == ALL and not chosen:
            del columns[ALL]
    usual = columns.get(ALL, USUAL)
    kept = {name: choice for name, choice in columns.items() if name == ALL or choice != usual}
    return ColumnEdit(f"Prepare {told(names)}", {"columns": kept})


def as_all(spec: DataSpec, names: Sequence[str]) -> ColumnEdit:
    """These columns have no choice of their own any more."""
    kept = {name: choice for name, choice in spec.columns.items() if name not in names}
    return ColumnEdit(f"Prepare {told(names)} as all columns", {"columns": kept})


def use_as(spec: DataSpec, columns: Sequence[ColumnProfile], part: str) -> ColumnEdit | None:
    """part: "feature", "target" or "excluded"; None where a column holds nothing to learn from."""
    names = tuple(column.name for column in columns)
    if part == "target":
        return facts.make_target(spec, names[0])
    if part == "excluded":
        return facts.exclude(spec, *names)
    kinds = {c.name: readable_as(c) for c in columns if not c.usable}
    if not all(kinds.values()):
        return None
    edit = facts.include(spec, *names)
    return replace(edit, changes={**edit.changes, "kinds": {**spec.kinds, **kinds}}) if kinds else edit


def cannot_read(profile: TableProfile, spec: DataSpec, column: ColumnProfile, kind: str) -> str:
    """Why the cells of a column are of no use as that kind, as far as the first rows tell; "" where they may be."""
    if kind not in READERS or kind == column.kind or kind == spec.kinds.get(column.name):
        return ""
    place = next((i for i, each in enumerate(profile.columns) if each.name == column.name), -1)
    filled = [row[place] for row in profile.preview if 0 <= place < len(row) and row[place]]
    if not filled or (kind == "number" and column.minimum is not None and column.kind != "date"):
        return ""
    reads, what = READERS[kind]
    return "" if any(reads(cell or "") for cell in filled) else f"None of the first cells is {what}."


def readable_as(column: ColumnProfile) -> str:
    """The kind as which a column that was left out can be used; "" for none."""
    if column.kind == "text":
        return "text"
    if column.kind == "identifier":
        return "category" if column.minimum is None else "number"
    return ""


def told(names: Sequence[str]) -> str:
    return "all columns" if tuple(names) == (ALL,) else facts.told(names)


# --- what comes of it


def features_of(prepared: Prepared | None) -> dict[str, tuple[Feature, int]]:
    """Every column as it was prepared, and the place of its first input value, by name."""
    found, at = {}, 0
    for feature in prepared.preparation.features if prepared is not None else ():
        found[feature.name] = feature, at
        at += feature.width
    return found


def sentence(feature: Feature, choice: ColumnChoice) -> str:
    """What enters the network: "1 number → 2 inputs: standardized, and whether it is missing."."""
    n = count(feature.width, "input")
    also = ", and whether it is missing" if getattr(feature, "indicator", False) else ""
    if isinstance(feature, NumberFeature):
        return f"1 number → {n}: {_scaled(feature, choice)}{also}."
    if isinstance(feature, CategoryFeature):
        how = "" if feature.embedded else ", one-hot"
        return f"{_labels(feature)} → {n}{how}: {_encoded(feature)}{also}."
    if isinstance(feature, DateFeature):
        return f"1 date → {n}: {_dated(feature)}{also}."
    return f"Words → {n}: how often the words of each bucket occur, scaled to length 1."


def stand_in(feature: Feature, choice: ColumnChoice) -> str:
    """What a missing cell becomes."""
    if isinstance(feature, TextFeature):
        return "A missing cell gives zeros."
    if isinstance(feature, DateFeature):
        return "A missing cell becomes the median of the training rows."
    if isinstance(feature, NumberFeature):
        how = {"zero": "", "": ", the median of the training rows"}.get(
            choice.missing, f", the {choice.missing} of the training rows"
        )
        how = ", the median of the training rows" if choice.missing == "own" else how
        return f"A missing cell becomes {theme.number(feature.fill)}{how}."
    if feature.fill == "":
        return "A missing cell is a category of its own."
    return f"A missing cell becomes “{shown(feature.fill)}”, the most frequent label."


def gaps(column: ColumnProfile, feature: Feature, choice: ColumnChoice) -> str:
    """What becomes of the missing cells of a column, "" where there are none and nothing is said of them."""
    if choice.indicator and not getattr(feature, "indicator", False) and not isinstance(feature, TextFeature):
        return "No training row misses it, so there is nothing to tell."
    return stand_in(feature, choice) if column.missing or column.invalid else ""


def _scaled(feature: NumberFeature, choice: ColumnChoice) -> str:
    what = "its logarithm" if feature.log else "its value"
    how = {
        "min-max": "scaled to lie between 0 and 1", "robust": "scaled by median and quartiles", "none": "as it is",
    }.get(choice.scaling, "scaled to mean 0 and spread 1")  # fmt: skip
    return f"{what}, {how}"


def _labels(feature: CategoryFeature) -> str:
    return count(sum(1 for label in feature.categories if label), "label")


def _encoded(feature: CategoryFeature) -> str:
    if feature.embedded:
        return "a code, for which the layer Embed columns learns numbers"
    own = ["missing cells"] if "" in feature.categories else []
    more = [*own, *(["rare and unknown ones"] if feature.other else [])]
    return f"one for each label{''.join(f', one for {which}' for which in more)}"


def _dated(feature: DateFeature) -> str:
    names = {option.value: option.label.lower() for option in PARTS}
    cycles = [names[part] for part in feature.parts if part != "time"]
    time = ["the scaled time"] if "time" in feature.parts else []
    return ", and ".join([*time, *([f"sine and cosine of {_listed(cycles)}"] if cycles else [])])


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
