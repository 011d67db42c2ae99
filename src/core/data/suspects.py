"""What a first look at the cells makes suspicious: rows that repeat, and columns that almost say the target.

Columns are compared on some 20,000 rows, spread evenly over the table, so that a long table is answered as fast.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from core.data.labels import Labels
from core.data.labels import of_label as _label
from core.data.profile import Column
from core.data.repeats import count_repeated
from core.data.roles import Roles
from core.data.schema import Finding
from core.data.table import Table, batches
from core.spec import DataSpec

SAMPLED_ROWS = 20_000
SAMPLED_CELLS = 2_000_000
ENOUGH_ROWS = 100
ROWS_A_LABEL = 20  # fewer, and a rule would know the rows by heart
HIT_SHARE = 0.99
BETTER = 10.0  # times fewer errors than by naming the most frequent class
CORRELATION = 0.999
MANY_REPEATED = 0.05
SKEWED = 2.0
DECADES = 100.0  # how many times the largest is above the median
MOST = 1e100  # its third power still is a number
MOST_LABELS = 16  # that columns are compared with
COLUMNS_BESIDE = 32
GENERATED = ("generator", "drawn")  # patterns that are meant to be easy


def suspects(table: Table, roles: Roles, spec: DataSpec) -> tuple[Finding, ...]:
    """Findings of repeated rows and leakage suspects, each with its repair."""
    if spec.source.kind in GENERATED or roles.blocked:
        return ()
    return (*_repeated(table, dropped=spec.drop_duplicates), *_of_columns(table, roles, spec))


# --- rows that repeat


def _repeated(table: Table, *, dropped: bool) -> list[Finding]:
    count = count_repeated(table)
    if not count:
        return []
    rows = "One row repeats another" if count == 1 else f"{count:,} rows repeat others"
    if dropped:
        text = "One row that repeats another is" if count == 1 else f"{count:,} rows that repeat others are"
        return [Finding("info", f"{text} left out.", action="keep all", action_label="Use them all")]
    text = f"{rows} cell by cell: what trains and tests as well flatters the score."
    severity = "warning" if count >= MANY_REPEATED * table.rows else "info"
    return [Finding(severity, text, action="keep one", action_label="Keep one of each")]


# --- columns that span powers of ten, or almost say the target


def spans_decades(x: np.ndarray) -> bool:
    """Whether numbers from 0 on crowd near their least one, with few far above: log(1 + x) spreads them evenly.

    By the skewness, the mean of ((x - mean) / deviation)³: 2 is that of an exponential distribution.
    """
    known = x[np.isfinite(x)]
    if len(known) < ENOUGH_ROWS or known.min() < 0.0 or known.max() > MOST:
        return False
    logs = np.log1p(known)
    apart = logs.max() - np.median(logs) >= np.log(DECADES) and len(np.unique(known)) > ROWS_A_LABEL
    return bool(apart and _skewness(known) >= SKEWED and abs(_skewness(logs)) <= _skewness(known) / 2)


def _skewness(x: np.ndarray) -> float:
    deviation = x.std()
    return float(np.mean(((x - x.mean()) / deviation) ** 3)) if deviation > 0 else 0.0


def _wide(column: Column, *, used: bool) -> Finding:
    if used:
        text = f"“{column.name}” enters as its logarithm."
        return Finding("info", text, column.name, "no log", "Use it as it is")
    text = f"“{column.name}” spans powers of ten: a few large numbers would drown the others."
    return Finding("info", text, column.name, "log", "Use its logarithm")


def _of_columns(table: Table, roles: Roles, spec: DataSpec) -> list[Finding]:
    """Columns by which alone nearly every row is told, and columns that span powers of ten."""
    if roles.labels is not None:
        return _of_features(table, roles, spec, roles.labels)
    goal, is_class = roles.target, roles.task == "classification"
    columns = roles.features
    step = max(1, -(-table.rows // max(ENOUGH_ROWS, min(SAMPLED_ROWS, SAMPLED_CELLS // max(1, len(columns))))))
    wanted = _class(table, goal) if is_class else table.number(goal.index)
    found = []
    for some in batches(columns):
        told, *read = _sample(table, [wanted, *(_cells(table, column) for column in some)], step)
        known = np.isfinite(told)
        target = np.unique(told[known], return_inverse=True)[1] if is_class else told[known]
        for column, cells in zip(some, read, strict=True):
            if column.kind == "number" and spans_decades(cells):
                found.append(_wide(column, used=column.name in spec.logs))
            share = _share(column, cells[known], target, is_class=is_class)
            if share is not None and not _same(column, goal, share, is_class=is_class):
                found.append(_told(column, goal.name, share))
    return found


def _of_features(table: Table, roles: Roles, spec: DataSpec, labels: Labels) -> list[Finding]:
    """As `_of_columns`, of several labels a row: columns by which alone the most frequent labels are told."""
    columns, told = roles.features, list(labels.by_count)[:MOST_LABELS]
    each = len(columns) + len(told)
    step = max(1, -(-table.rows // max(ENOUGH_ROWS, min(SAMPLED_ROWS, SAMPLED_CELLS // each))))
    wanted = [_label(table, labels, name) for name in told]
    found = []
    for some in batches(columns, COLUMNS_BESIDE):
        read = _sample(table, [*wanted, *(_cells(table, column) for column in some)], step)
        marks = np.stack(read[: len(told)], axis=1) > 0
        for column, cells in zip(some, read[len(told) :], strict=True):
            if column.kind == "number" and spans_decades(cells):
                found.append(_wide(column, used=column.name in spec.logs))
            for k, name in enumerate(told):
                share = _share(column, cells, marks[:, k].astype(np.int64), is_class=True)
                if share is not None:
                    found.append(_told(column, name, share))
    return found


def _told(column: Column, goal: str, share: float) -> Finding:
    # Rounded down: "100 %" of nearly all would be untrue.
    how = "tells" if share == 1.0 else f"alone tells {int(1000 * share) / 10:g} % of"
    text = f"“{column.name}” {how} “{goal}”: it may be known only when the answer is."
    return Finding("warning", text, column.name, "exclude", "Exclude it")


def _same(column: Column, goal: Column, share: float, *, is_class: bool) -> bool:
    """Whether the exact comparison speaks of this column already."""
    if is_class:
        return share == 1.0 and column.facts.distinct == goal.facts.distinct and not column.profile.missing
    mine, other = column.profile, goal.profile
    return (mine.minimum, mine.maximum, mine.mean) == (other.minimum, other.maximum, other.mean)


def _class(table: Table, goal: Column) -> str:
    """SQL: a number for each class, exact as DOUBLE; NULL where missing."""
    label = table.label(goal.index, goal.kept)
    return f"CASE WHEN ({label}) IS NOT NULL THEN (hash({label}) % {2**52})::DOUBLE END"


def _cells(table: Table, column: Column) -> str:
    if column.kind == "number":
        return table.number(column.index)
    return f"hash({table.label(column.index, column.kept)})"


def _sample(table: Table, expressions: list[str], step: int) -> list[np.ndarray]:
    """Every `step`-th row."""
    named = ", ".join(f"{expression} AS v{k}" for k, expression in enumerate(expressions))
    inner = f"SELECT {named}, row_number() OVER () AS row FROM cells"
    found = table.work.con.execute(f"SELECT * EXCLUDE row FROM ({inner}) WHERE row % {step} = 0").fetchnumpy()
    columns = [found[f"v{k}"] for k in range(len(expressions))]
    return [np.ma.filled(c, np.nan) if isinstance(c, np.ma.MaskedArray) else c for c in columns]


def _share(column: Column, cells: np.ndarray, target: np.ndarray, *, is_class: bool) -> float | None:
    """How much of the target the column tells, None where that is nothing to speak of."""
    if len(target) < ENOUGH_ROWS:
        return None
    if not is_class:
        tells = _correlation(cells, target) if column.kind == "number" else 0.0
        return tells if tells >= CORRELATION else None
    usual = np.bincount(target).max() / len(target)
    hits = _threshold_hits(cells, target) if column.kind == "number" else _label_hits(cells, target)
    share = hits / len(target)
    return share if share >= HIT_SHARE and (1.0 - share) * BETTER <= 1.0 - usual else None


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """|r| of Pearson over the rows where x is known; 0 where these are few."""
    known = np.isfinite(x)
    if known.sum() < max(ENOUGH_ROWS, 0.9 * len(x)) or np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        return 0.0
    a, b = (values / np.abs(values).max() for values in (x[known], y[known]))  # squares of 1e200 would overflow
    return float(abs(np.corrcoef(a, b)[0, 1]))


def _label_hits(cells: np.ndarray, target: np.ndarray) -> int:
    """Rows that are right by naming for every label its most frequent class; 0 where labels are rare."""
    labels, code = np.unique(cells, return_inverse=True)
    if len(labels) * ROWS_A_LABEL > len(cells):
        return 0
    counts = np.zeros((len(labels), int(target.max()) + 1), np.int64)
    np.add.at(counts, (code, target), 1)
    return int(counts.max(axis=1).sum())


def _threshold_hits(x: np.ndarray, target: np.ndarray) -> int:
    """Rows that are right by thresholds: the classes in the order of their medians, one interval for each.

    Each threshold is the best one between two neighbours; the rows without x are an interval of their own.
    """
    known = np.isfinite(x)
    gaps = np.bincount(target[~known]).max(initial=0)
    values, mine = x[known], target[known]
    present = np.unique(mine)
    if len(present) * ROWS_A_LABEL > len(values):
        return 0
    order = sorted(present, key=lambda label: float(np.median(values[mine == label])))
    cuts = [_cut(values[mine == low], values[mine == high]) for low, high in pairwise(order)]
    borders = np.maximum.accumulate(np.array(cuts, np.float64))
    guess = np.array(order, np.int64)[np.searchsorted(borders, values, side="left")]
    return int((guess == mine).sum() + gaps)


def _cut(low: np.ndarray, high: np.ndarray) -> float:
    """The threshold that most of `low` do not exceed and most of `high` do."""
    low, high = np.sort(low), np.sort(high)
    places = np.unique(np.concatenate([low, high]))
    hits = np.searchsorted(low, places, side="right") - np.searchsorted(high, places, side="right")
    return float(places[np.argmax(hits)])
