"""What the columns of a table hold, measured by SQL aggregates: counts, spreads, most frequent values, histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.data import cells
from core.data.kinds import Facts, guess, overruled
from core.data.progress import Progress
from core.data.schema import ColumnProfile
from core.data.table import Table

BINS = 16
LISTED_CATEGORIES = 64
# Above this many rows, different values are counted by HyperLogLog (Flajolet et al. 2007), within about 2 %.
EXACT_ROWS = 200_000
COUNTED_LABELS = 1000
COUNTED_NUMBERS = 64
# Counting different values takes DuckDB a megabyte or two a column, whatever the number of rows.
COLUMNS_AT_ONCE = 48
# A histogram of labels takes DuckDB megabytes a column and thread.
LABELS_AT_ONCE = 16
# Squares of larger numbers overflow.
LARGEST_SQUARE = 1e150

_DISTINCT = {True: "count(DISTINCT {})", False: "approx_count_distinct({})"}
_COUNTS = ("filled", "numbers", "infinite", "whole", "bad_labels", "codes")

Labels = Mapping[str, int]


@dataclass(frozen=True)
class Column:
    """One column as measured: `profile` is what people see, the rest decides its part.

    filled: cells with a value, readable or not. kept: missing marks that are labels here. labels: how often each label
    occurs, most frequent first, or empty where there are too many to list.
    """

    facts: Facts
    profile: ColumnProfile
    filled: int
    kept: frozenset[str]
    labels: Labels

    @property
    def index(self) -> int:
        return self.facts.index

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def kind(self) -> str:
        return self.profile.kind

    @property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        return self.facts.whole == self.facts.numbers


def measure(table: Table, kinds: Mapping[str, str], *, progress: Progress) -> tuple[Column, ...]:
    """Every column with its kind, counts and most frequent values; `kinds`: what a person wants a column read as.

    Raises:
        UserInputError: a column without a single number is to be read as numbers.
    """
    facts: list[Facts] = []
    for batch in _batches(list(range(len(table.names)))):
        progress(f"Looking at {len(table.names):,} columns", batch[0] / len(table.names))
        facts += _facts(table, batch)
    labels: dict[int, Labels] = {}
    for few in _batches([fact for fact in facts if _few_labels(table, fact)], LABELS_AT_ONCE):
        labels |= _labels(table, few)
    return tuple(_column(fact, labels.get(fact.index, {}), kinds.get(fact.name, "")) for fact in facts)


def with_histograms(table: Table, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns with the histograms of their numbers and the most frequent of very many categories."""
    counts: dict[int, tuple[int, ...]] = {}
    for batch in _batches([c for c in columns if c.kind in ("number", "identifier") and _spread(c.facts)], LABELS_AT_ONCE):
        counts |= _histograms(table, batch)
    found = []
    for column in columns:
        profile = replace(column.profile, histogram=counts.get(column.index, column.profile.histogram))
        if column.kind == "category" and not column.labels:
            listed = most_frequent(table, column, LISTED_CATEGORIES)
            profile = replace(profile, categories=listed, histogram=tuple(n for _, n in listed[:BINS]))
        found.append(replace(column, profile=profile))
    return tuple(found)


def most_frequent(table: Table, column: Column, limit: int) -> tuple[tuple[str, int], ...]:
    """The `limit` most frequent labels of a column with their counts; equally frequent ones in the order of their letters."""
    label = table.label(column.index, column.kept)
    query = f"SELECT label, count(*) AS n FROM (SELECT {label} AS label FROM cells) WHERE label IS NOT NULL"
    rows = table.work.con.execute(f"{query} GROUP BY label ORDER BY n DESC, label LIMIT {limit}").fetchall()
    return tuple((str(text), int(n)) for text, n in rows)


def as_classes(column: Column) -> Column:
    """A column of whole numbers seen as labels, for a target of classes."""
    facts = column.facts
    reason = column.profile.reason if column.kind == "category" else f"{facts.distinct:,} whole numbers, read as classes."
    return replace(column, profile=_listed(replace(column.profile, kind="category", reason=reason), column.labels))


def _batches(columns: list[Any], size: int = COLUMNS_AT_ONCE) -> Iterator[list[Any]]:
    for start in range(0, len(columns), size):
        yield columns[start : start + size]


# --- the first pass


def _facts(table: Table, columns: list[int]) -> list[Facts]:
    texts = table.row([f"count(t{i})" for i in columns])
    wanted = [
        _pure(table, i) if table.numeric[i] and texts[k] == 0 else _mixed(table, i) for k, i in enumerate(columns)
    ]
    found = iter(table.row([expression for each in wanted for expression in each.values()]))
    return [_fact(table, i, {name: next(found) for name in each}) for i, each in zip(columns, wanted, strict=True)]


def _pure(table: Table, i: int) -> dict[str, str]:
    """The SQL aggregates of a column of nothing but numbers: what the texts of `_mixed` would add is 0."""
    count = _DISTINCT[table.rows <= EXACT_ROWS]
    return {"filled": f"count(n{i})", "distinct": count.format(f"n{i}"), **_of_numbers(f"n{i}")}


def _mixed(table: Table, i: int) -> dict[str, str]:
    """The SQL aggregates that make the `Facts` of column i, by field."""
    text, value, numeric = f"t{i}", f"({table.number(i)})", table.numeric[i]
    is_text = f"{text} IS NOT NULL AND NOT {cells.sql_is_missing(text)}"
    odd = f"CASE WHEN {is_text} AND {value} IS NULL THEN {text} END"
    count = _DISTINCT[table.rows <= EXACT_ROWS]
    values = value if numeric else f"CASE WHEN {is_text} THEN {text} END"
    return {
        "filled": f"count(*) FILTER ({is_text})" + (f" + count({value})" if numeric else ""),
        "infinite": f"count(*) FILTER (isinf(TRY_CAST({odd} AS DOUBLE)))",
        "distinct": count.format(values),
        "bad_labels": count.format(odd),
        "codes": f"count(*) FILTER (regexp_matches({text}, '^[+-]?0[0-9]'))",
        "length": f"avg(strlen({text})) FILTER ({is_text})",
        "spaces": f"avg(strlen({text}) - strlen(replace({text}, ' ', ''))) FILTER ({is_text})",
        **_of_numbers(value),
    }


def _of_numbers(value: str) -> dict[str, str]:
    return {
        "numbers": f"count({value})",
        "whole": f"count(*) FILTER ({value} = trunc({value}))",
        "minimum": f"min({value})",
        "maximum": f"max({value})",
        "mean": f"favg({value})",
        "deviation": f"stddev_pop({value}) FILTER (abs({value}) < {LARGEST_SQUARE!r})",
    }


def _fact(table: Table, i: int, found: dict[str, Any]) -> Facts:
    counts = {name: int(found.get(name, 0)) for name in _COUNTS}
    distinct = int(found["distinct"]) + (counts["bad_labels"] if table.numeric[i] else 0)
    return Facts(
        index=i, name=table.names[i], rows=table.rows, columns=len(table.names), **counts,
        distinct=min(distinct, counts["filled"]), length=float(found.get("length") or 0),
        spaces=float(found.get("spaces") or 0),
        minimum=found["minimum"], maximum=found["maximum"], mean=_steady(found["mean"]),
        deviation=_steady(found["deviation"]),
    )


def _steady(value: float | None) -> float | None:
    """Ten digits: threads add in any order, and the last digits follow it."""
    return float(f"{value:.10g}") if value is not None and math.isfinite(value) else None


# --- labels


def _few_labels(table: Table, fact: Facts) -> bool:
    if fact.filled == 0:
        return False
    numbers = fact.numbers == fact.filled and not fact.codes
    return fact.distinct <= (COUNTED_NUMBERS if numbers else COUNTED_LABELS)


def _labels(table: Table, facts: list[Facts]) -> dict[int, Labels]:
    """Every label of these columns with its count, missing marks among them."""
    wanted = [f"histogram(nullif({table.label(fact.index, cells.MISSING)}, ''))" for fact in facts]
    row = table.row(wanted) if wanted else ()
    return {
        fact.index: dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
        for fact, found in zip(facts, row, strict=True)
        if isinstance(found, dict)
    }


def _column(facts: Facts, labels: Labels, wish: str) -> Column:
    kept = cells.marks_that_are_labels(labels)
    filled = facts.filled + sum(labels[mark] for mark in kept)
    valid = {text: n for text, n in labels.items() if text not in cells.MISSING or text in kept}
    facts = replace(facts, filled=filled, distinct=facts.distinct + len(kept))
    kind = overruled(facts, guess(facts), wish)
    profile = ColumnProfile(
        name=facts.name, kind=kind.name, reason=kind.reason, usable=kind.usable, missing=facts.rows - filled,
        invalid=facts.invalid if kind.name == "number" else 0, distinct=facts.distinct,
    )
    if kind.name in ("number", "identifier", "constant") and facts.numbers:
        profile = replace(
            profile, minimum=facts.minimum, maximum=facts.maximum, mean=facts.mean,
            standard_deviation=facts.deviation,
        )
    if kind.name in ("category", "constant"):
        profile = _listed(profile, valid)
    return Column(facts, profile, filled, kept, valid)


def _listed(profile: ColumnProfile, labels: Labels) -> ColumnProfile:
    categories = tuple(labels.items())[:LISTED_CATEGORIES]
    return replace(profile, categories=categories, histogram=tuple(n for _, n in categories[:BINS]))


# --- histograms


def _spread(facts: Facts) -> bool:
    return facts.minimum is not None and facts.maximum is not None and facts.minimum < facts.maximum


def _histograms(table: Table, columns: list[Column]) -> dict[int, tuple[int, ...]]:
    """Counts of the numbers of each column in equal bins between its minimum and maximum."""
    row = table.row([f"histogram({_bin(table, column.facts)})" for column in columns])
    found: dict[int, tuple[int, ...]] = {}
    for column, counts in zip(columns, row, strict=True):
        assert isinstance(counts, dict)
        found[column.index] = tuple(int(counts.get(k, 0)) for k in range(BINS))
    return found


def _bin(table: Table, facts: Facts) -> str:
    # Halves, because the difference of two large numbers overflows.
    low, high = f"CAST('{facts.minimum!r}' AS DOUBLE) / 2", f"CAST('{facts.maximum!r}' AS DOUBLE) / 2"
    share = f"(({table.number(facts.index)}) / 2 - {low}) / ({high} - {low})"
    return f"least({BINS - 1}, floor({share} * {BINS}))::TINYINT"
