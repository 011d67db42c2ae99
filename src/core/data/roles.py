"""Which column is to be predicted, from which others, and what a person should know before training."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from core.data.choices import ColumnChoice
from core.data.kinds import LABELLED
from core.data.labels import Labels, as_labels, find
from core.data.labels import findings as findings_of_labels
from core.data.profile import Column, as_classes
from core.data.schema import Finding
from core.data.table import Table, batches
from core.errors import UserInputError
from core.spec import DataSpec

FEW_ROWS = 50
CLASS_NUMBERS = 20  # whole numbers with at most so many values may be class codes
MOST_CLASSES = 1000
FEW_CLASSES = 10  # a small table may have no more rows than these
TASKS = ("auto", "classification", "regression", "labels")
TOLD_APART = 6  # columns of which the same is to be said
COMPARED_AT_ONCE = 16
LEFT_OUT = {
    "identifier": "identifiers",
    "text": "texts",
    "constant": "constant",
    "empty": "empty",
}
MOST_ONE_HOT = 64  # categories of one column, where nobody asks for more
MOST_EVERY = 1000  # where all are asked for
IMBALANCE = 10.0
TARGET_NAMES = (
    "target", "class", "label", "y", "species", "outcome", "diagnosis", "output", "response", "category", "result",
    "digit", "quality", "survived", "churn", "price", "progression",
)  # fmt: skip
LABELS_NAMES = ("labels", "tags", "genres", "genre", "topics", "keywords", "categories", "classes", "emotions")


@dataclass(frozen=True)
class Roles:
    """target: the column to predict, seen as classes where that is the task; features in the order of the table.

    guess: the reason for the target in words. blocked: why the table can be looked at but not trained on, or "".
    Several labels a row: also are the columns beside the target that tell them, labels what was found in all of these.
    """

    target: Column
    task: str
    reason: str
    features: tuple[Column, ...]
    blocked: str = ""
    also: tuple[Column, ...] = ()
    labels: Labels | None = None

    @property
    def predicted(self) -> tuple[str, ...]:
        """Names of all columns that are to be predicted."""
        return tuple(column.name for column in (self.target, *self.also))


def assign(columns: tuple[Column, ...], spec: DataSpec) -> Roles:
    """Roles as the person wants them, or guessed. Raises UserInputError where a named column does not exist."""
    _check_task(spec)
    names = [column.name for column in columns]
    named = (spec.target, *spec.targets, spec.split_by, *spec.excluded, *spec.kinds, *spec.logs, *spec.columns)
    for name in filter(None, named):
        if name not in names:
            known = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
            raise UserInputError(f"There is no column “{name}”.", where="data", remedy=f"The columns are: {known}.")
    chosen, reason = _target(columns, spec)
    also = tuple(column for name in spec.targets for column in columns if column.name == name)
    task = spec.task if spec.task != "auto" else "labels" if also or spec.separator else _task(chosen)
    if task == "classification" and chosen.kind != "empty":
        chosen = as_classes(chosen) if chosen.labels else chosen
    left_out = {chosen.name, *spec.targets, spec.split_by, *spec.excluded}
    features = tuple(c for c in columns if c.profile.usable and c.name not in left_out)
    return Roles(chosen, task, reason, features, _blocked(chosen, task, features), also)


def with_labels(table: Table, roles: Roles, spec: DataSpec) -> Roles:
    """The roles, of a target of several labels with what its cells hold."""
    if roles.task != "labels":
        return roles
    found = find(table, (roles.target, *roles.also), spec.separator)
    target = as_labels(found)
    reason = roles.reason if roles.also or spec.task == "labels" else f"{roles.reason} {target.profile.reason}"
    return replace(roles, target=target, labels=found, reason=reason, blocked=roles.blocked or found.blocked)


def _check_task(spec: DataSpec) -> None:
    if spec.task not in TASKS:
        raise UserInputError(f"“{spec.task}” is no task.", where="data", remedy=f"Use one of: {', '.join(TASKS)}.")
    if spec.targets and spec.task not in ("auto", "labels"):
        remedy = "Choose the task labels, or one column."
        raise UserInputError("Several columns can be predicted as labels only.", where="data", remedy=remedy)


def _target(columns: tuple[Column, ...], spec: DataSpec) -> tuple[Column, str]:
    by_name = {column.name: column for column in columns}
    if spec.target:
        return by_name[spec.target], "Chosen by you."
    left_out = {spec.split_by, *spec.excluded}
    able = [c for c in columns if (c.kind in ("number", *LABELLED) or c.separator) and c.name not in left_out]
    if not able:
        return columns[-1], "No column can be predicted; this is the last."
    for wanted in TARGET_NAMES:
        for column in reversed(able):
            if wanted == "y" and column is not able[-1]:
                continue  # beside an x it is a coordinate
            if wanted in re.split(r"[\W_]+", column.name.lower()):
                return column, f"Its name says “{wanted}”."
    for column in reversed(able):
        if column.separator and not {*LABELS_NAMES}.isdisjoint(re.split(r"[\W_]+", column.name.lower())):
            return column, "Its name speaks of labels."
    if able[-1].separator:
        return able[-1], "The last column."
    if able[-1].kind in LABELLED or _class_numbers(able[-1]):
        return able[-1], "The last column, and it holds a few classes."
    categories = [c for c in able if c.kind in LABELLED]
    if len(categories) == 1:
        return categories[0], "The only column of labels."
    return able[-1], "The last column."


def _task(target: Column) -> str:
    if target.separator:
        return "labels"
    labelled = target.kind != "number" or _class_numbers(target)
    return "classification" if labelled else "regression"


def _class_numbers(column: Column) -> bool:
    """Whether numbers look like codes of classes: few, whole and close together."""
    low, high = column.facts.minimum, column.facts.maximum
    if column.kind != "number" or not column.whole or low is None or high is None:
        return False
    distinct = column.facts.distinct
    repeated = distinct * 3 <= column.filled or distinct == 2 < column.filled
    return distinct <= CLASS_NUMBERS and high - low < 2 * CLASS_NUMBERS and repeated


def _blocked(target: Column, task: str, features: tuple[Column, ...]) -> str:
    if target.facts.rows == 1:
        return "The table has one row only: there is nothing to compare it with."
    if task == "labels" and features:
        return ""
    if target.kind == "empty":
        return f"“{target.name}” has no value in any row: choose another target."
    if target.facts.distinct == 1:
        return f"“{target.name}” holds one value only: there is nothing to tell apart. Choose another target."
    if task == "classification" and FEW_CLASSES < target.facts.distinct > target.filled / 2:
        remedy = "choose another target, or regression for numbers"
        return f"Nearly every row has its own value of “{target.name}”, so no class repeats: {remedy}."
    if task == "classification" and not target.labels:
        return f"“{target.name}” has more than {MOST_CLASSES:,} classes: choose another target, or regression."
    if task == "regression" and target.facts.numbers == 0:
        return f"“{target.name}” holds no numbers, so its value cannot be a regression's target: choose classification."
    if not features:
        return "No column is left to learn from: include at least one besides the target."
    return ""


def findings(
    table: Table, columns: tuple[Column, ...], roles: Roles, spec: DataSpec, *,
    also: tuple[Finding, ...] = (),
) -> tuple[Finding, ...]:  # fmt: skip
    """What a person should know or decide, the gravest first; `also`: what was found elsewhere."""
    found = list(table.findings)
    if roles.blocked:
        found.insert(0, Finding("error", roles.blocked, roles.target.name))
    if table.rejected_count:
        many = "One row does" if table.rejected_count == 1 else f"{table.rejected_count:,} rows do"
        found.append(Finding("warning", f"{many} not fit the others and will be skipped."))
    if table.rows < FEW_ROWS:
        text = f"Only {_rows(table.rows)}: whatever is learned from so few may not hold elsewhere."
        found.append(Finding("warning", text))
    found += [*_of_target(roles)]
    others = [column for column in columns if column.name not in (*roles.predicted, *spec.excluded)]
    found += _together([told for column in others for told in _of_feature(column, spec.choice(column.name))])
    found += [*_leaks(table, roles), *also]
    grave = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: grave[finding.severity]))


def _of_target(roles: Roles) -> list[Finding]:
    if roles.labels is not None:
        return findings_of_labels(roles.labels)
    name, found = roles.target.name, []
    missing = roles.target.profile.missing
    if missing:
        text = f"“{name}” is missing in {_rows(missing)}, which cannot be learned from and will be left out."
        found.append(Finding("warning", text, name))
    if roles.task == "classification" and len(roles.target.labels) > 1:
        counts = sorted(roles.target.labels.items(), key=lambda item: item[1])
        (rare, few), (common, many) = counts[0], counts[-1]
        if many >= IMBALANCE * few:
            text = f"Classes are uneven: {many:,} rows of “{common}”, {few:,} of “{rare}”. Accuracy alone will flatter."
            found.append(Finding("warning", text, name, "balance", "Balance class weights"))
    return found


def _together(told: list[tuple[str, Finding]]) -> list[Finding]:
    """One finding for many columns of which the same is to be said; each is what many share, and its own finding."""
    alike: dict[str, list[Finding]] = {}
    for shared, finding in told:
        alike.setdefault(shared, []).append(finding)
    found = []
    for shared, each in alike.items():
        if len(each) <= TOLD_APART:
            found += each
        else:
            names = ", ".join(f"“{finding.column}”" for finding in each[:TOLD_APART])
            found.append(Finding(each[0].severity, f"{len(each):,} columns {shared}: {names} …"))
    return found


def _of_feature(column: Column, choice: ColumnChoice) -> list[tuple[str, Finding]]:
    """What is said of a column, each with how it is said of many."""
    name, profile = column.name, column.profile
    if not profile.usable:
        text = f"“{name}” is left out: {profile.reason[:1].lower()}{profile.reason[1:]}"
        offer = ("", "")
        if profile.kind in ("identifier", "text"):
            kind = "number" if profile.minimum is not None else "category" if profile.kind == "identifier" else "text"
            offer = (kind, f"Use as {kind}")
        return [(f"are left out as {LEFT_OUT[profile.kind]}", Finding("info", text, name, *offer))]
    found = []
    if some := _crowded(column, choice):
        text = f"“{name}” has {profile.distinct:,} labels: {some}."
        finding = Finding("info", text, name, "embedding", "Learn an embedding")
        found.append((f"have many labels, of which {some}", finding))
    if profile.missing:
        what = _stand_in(profile.kind, choice)
        finding = Finding("info", f"“{name}” misses {_cells(profile.missing)}: {what}.", name, "exclude", "Exclude it")
        found.append((f"miss cells: {what}", finding))
    if profile.invalid:
        one, many = ("date", "dates") if profile.kind == "date" else ("finite number", "finite numbers")
        are = f"is no {one}; it counts" if profile.invalid == 1 else f"are no {many}; they count"
        text = f"“{name}” has {_cells(profile.invalid)} that {are} as missing."
        finding = Finding("warning", text, name, "category", "Read as category")
        found.append((f"have cells that are no {many} and count as missing", finding))
    return found


def _crowded(column: Column, choice: ColumnChoice) -> str:
    """What becomes of labels that are too many for an input each; "" where they are not."""
    most = MOST_EVERY if choice.encoding == "one-hot" else MOST_ONE_HOT
    if column.kind != "category" or choice.encoding == "embedding" or column.profile.distinct <= most:
        return ""
    if choice.rare:
        often = f"of those in at least {choice.rare:,} training rows the {most:,} most frequent"
        return f"{often} get an input each, the others share one"
    return f"the {most:,} most frequent get an input each, the others none"


def _stand_in(kind: str, choice: ColumnChoice) -> str:
    """What becomes of missing cells."""
    if kind == "text":
        return "they count as texts without words"
    if kind in LABELLED:
        usual = "the most frequent label of the training rows stands in"
        what = "they are a category of its own" if choice.missing == "own" else usual
    else:
        figure = {"mean": "the mean", "most frequent": "the most frequent number"}.get(choice.missing, "the median")
        zero = kind == "number" and choice.missing == "zero"
        figure = figure if kind == "number" else "the median"
        what = "0 stands in" if zero else f"{figure} of the training rows stands in"
    return f"{what}, and an input says where" if choice.indicator else what


def _leaks(table: Table, roles: Roles) -> list[Finding]:
    """Columns that say the target itself: a network would copy instead of learn."""
    if roles.blocked or roles.labels is not None:
        return []
    goal = roles.target
    if roles.task == "classification":
        alike = [column for column in roles.features if column.facts.distinct == goal.facts.distinct]
    else:
        alike = [c for c in roles.features if c.kind == "number" and _figures(c) == _figures(goal)]
    told = []
    for some in batches(alike, COMPARED_AT_ONCE):
        answers = table.row([_same(table, column, roles) for column in some])
        for name in (column.name for column, same in zip(some, answers, strict=True) if same):
            text = f"“{name}” determines “{goal.name}” completely: it may be the answer in other words."
            told.append(("determine the target completely", Finding("warning", text, name, "exclude", "Exclude it")))
    return _together(told)


def _figures(column: Column) -> tuple[object, ...]:
    return column.profile.minimum, column.profile.maximum, column.profile.mean, column.profile.missing


def _same(table: Table, column: Column, roles: Roles) -> str:
    """SQL: whether a column tells the target in every row, by its number or by one label for each class."""
    goal = roles.target
    if roles.task == "regression":
        return f"count(*) FILTER (({table.number(column.index)}) IS DISTINCT FROM ({table.number(goal.index)})) = 0"
    pair = f"({table.label(column.index, column.kept)}, {table.label(goal.index, goal.kept)})"
    return f"count(DISTINCT {pair}) = {goal.facts.distinct}"


def _rows(count: int) -> str:
    return "one row" if count == 1 else f"{count:,} rows"


def _cells(count: int) -> str:
    return "one cell" if count == 1 else f"{count:,} cells"
