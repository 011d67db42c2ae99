"""What the columns of a table hold: counts, spreads, most frequent values, histograms; and from these, their kinds.

Texts are counted in SQL. Numbers are fetched and measured by NumPy, which is faster for many columns and adds in the
same order every time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.data import cells, times
from core.data.kinds import LABELLED, NUMBER_SHARE, Facts, Kind, check_wishes, guess, overruled, truths
from core.data.progress import Progress
from core.data.schema import ColumnProfile
from core.data.spread import BINS, COUNTED_NUMBERS, EXACT_ROWS, Labels, Spread
from core.data.table import Table, batches

LISTED_CATEGORIES = 64
COUNTED_LABELS = 1000
TEXT_COLUMNS = 16
SHORT_ROWS, STACKED = 2000, 512
SHORT_TEXT = 20
DATE_LENGTH = (6.0, 40.0)  # letters of a cell that may be a date, on average


@dataclass(frozen=True)
class Column:
    """One column as measured: `profile` is what people see, the rest decides its part.

    kept: missing marks that are labels here. labels: how often each label occurs, most frequent first, or empty where
    there are too many to list. forms: in which its dates are written beside ISO 8601. separator: what seems to join
    several labels in a cell, or "".
    """

    facts: Facts
    profile: ColumnProfile
    kept: frozenset[str]
    labels: Labels
    forms: tuple[str, ...] = ()
    separator: str = ""

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
    def filled(self) -> int:
        """Cells with a value, readable or not."""
        return self.facts.filled

    @property
    def whole(self) -> bool:
        """Whether every cell with a value is a whole number."""
        return self.facts.whole == self.facts.filled


def measure(table: Table, kinds: Mapping[str, str], *, dates: bool = True, progress: Progress) -> tuple[Column, ...]:
    """Every column with its kind and figures; `kinds`: what a person wants a column read as; dates: whether they are
    looked for where nobody asks for them.

    Raises:
        UserInputError: a column without a single number or date is to be read as such, or numbers as words.
    """
    check_wishes(kinds)
    everything = range(len(table.names))
    texts = _texts(table)
    numeric = [i for i in everything if table.numeric[i] or _mostly_numbers(texts[i], kinds.get(table.names[i], ""))]
    spreads: dict[int, Spread] = {}
    for done, (i, values) in enumerate(table.numbers(numeric)):
        progress(f"Looking at {len(table.names):,} columns", done / len(numeric))
        spreads[i] = Spread.of(values)
    distinct = _distinct(table, [i for i in spreads if table.numeric[i] and spreads[i].distinct is None])
    facts = [_facts(table, i, texts.get(i), spreads.get(i, Spread()), distinct.get(i, 0)) for i in everything]
    labels = _labels(table, [fact for fact in facts if fact.index in texts and _few_labels(fact)])
    texts_alone = [fact for fact in facts if fact.index not in spreads]
    dated = _dated(table, [fact for fact in texts_alone if dates or kinds.get(fact.name) == "date"], kinds)
    found = []
    for fact in facts:
        forms, spread = dated.get(fact.index, ((), spreads.get(fact.index, Spread())))
        if fact.index in dated:
            fact = replace(fact, dates=spread.count, minimum=spread.minimum, maximum=spread.maximum)
        column = _column(fact, labels.get(fact.index, {}), spread, kinds.get(fact.name, ""))
        found.append(replace(column, forms=forms) if column.kind == "date" else column)
    return tuple(found)


def _dated(table: Table, facts: Sequence[Facts], kinds: Mapping[str, str]) -> dict[int, tuple[tuple[str, ...], Spread]]:
    """Of columns of text that hold many dates, or are wished to: how these are written, and where they lie in time."""
    low, high = DATE_LENGTH
    able = [fact for fact in facts if fact.filled and table.textual[fact.index] and not table.numeric[fact.index]]
    wished = {fact.index for fact in able if kinds.get(fact.name) == "date"}
    likely = [fact.index for fact in able if low <= fact.length <= high and fact.index not in wished]
    found = {*wished, *(i for some in batches(likely, TEXT_COLUMNS) for i in times.looks_like_dates(table, some))}
    read = {i: times.forms_of(table, i) for i in sorted(found)}
    return {i: (forms, Spread.of(times.read(table, i, forms))) for i, forms in read.items()}


def with_most_frequent(table: Table, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns, with the most frequent of very many categories listed too."""
    return tuple(
        replace(column, profile=_listed(column.profile, dict(most_frequent(table, column, LISTED_CATEGORIES))))
        if column.kind == "category" and not column.labels
        else column
        for column in columns
    )


def most_frequent(table: Table, column: Column, limit: int) -> tuple[tuple[str, int], ...]:
    """The `limit` most frequent labels of a column with their counts; equally frequent ones in alphabetical order."""
    label = table.label(column.index, column.kept)
    query = f"SELECT label, count(*) AS n FROM (SELECT {label} AS label FROM cells) WHERE label IS NOT NULL"
    rows = table.work.con.execute(f"{query} GROUP BY label ORDER BY n DESC, label LIMIT {limit}").fetchall()
    return tuple((str(text), int(n)) for text, n in rows)


def as_classes(column: Column) -> Column:
    """A column of numbers or dates seen as labels, for a target of classes."""
    if column.kind in LABELLED:
        return column
    what = "dates" if column.kind == "date" else "numbers"
    reason = f"{column.facts.distinct:,} different {what}, read as classes."
    profile = replace(column.profile, kind="category", reason=reason)
    return replace(column, profile=_listed(profile, column.labels))


# --- counting


Counts = Mapping[str, int | float]


def _texts(table: Table) -> dict[int, Counts]:
    """For each column with cells that are stored as text, what SQL counts of them, by the field of `Facts`."""
    everything = range(len(table.names))
    mixed = [i for i in everything if table.textual[i] and table.numeric[i]]
    written = _query(table, {i: {"cells": f"count(t{i})"} for i in mixed})
    filled = _query(table, {i: {"cells": _filled(i)} for i in mixed if written[i]["cells"]})
    wanted = [i for i in everything if table.textual[i] and (not table.numeric[i] or filled.get(i, {}).get("cells"))]
    found = _query(table, {i: _aggregates(table, i) for i in wanted})
    # These take long, and say nothing about short words.
    closer = [i for i in wanted if not table.numeric[i] and (found[i]["numbers"] or found[i]["length"] > SHORT_TEXT)]
    more = _query(table, {i: _closer(table, i) for i in closer})
    return {i: {**found[i], **more.get(i, {})} for i in wanted}


def _query(table: Table, wanted: Mapping[int, Mapping[str, str]]) -> dict[int, Counts]:
    """The values of SQL aggregates, by column and name; 0 where there is nothing to count."""
    if 0 < table.rows <= SHORT_ROWS:
        return _query_stacked(table, wanted)
    found: dict[int, Counts] = {}
    for some in batches(list(wanted), TEXT_COLUMNS):
        values: Iterator[Any] = iter(table.row([expression for i in some for expression in wanted[i].values()]))
        found |= {i: {name: next(values) or 0 for name in wanted[i]} for i in some}
    return found


def _query_stacked(table: Table, wanted: Mapping[int, Mapping[str, str]]) -> dict[int, Counts]:
    """As `_query`, of short tables: columns asked the same are stacked into one and grouped again.

    DuckDB plans a query in time that grows with its aggregates squared, which is all there is to do where rows are few.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for i, asked in wanted.items():
        alike.setdefault(tuple(re.sub(rf"\bt{i}\b", "cell", text) for text in asked.values()), []).append(i)
    found: dict[int, Counts] = {}
    for asked_of_all, columns in alike.items():
        for some in batches(columns, STACKED):
            listed = f"unnest([{', '.join(f't{i}' for i in some)}]) AS cell, unnest(range({len(some)})) AS place"
            query = f"FROM (SELECT {listed} FROM {table.relation}) GROUP BY place ORDER BY place"
            rows = table.work.con.execute(f"SELECT {', '.join(asked_of_all)} {query}").fetchall()
            for i, row in zip(some, rows, strict=True):
                found[i] = {name: value or 0 for name, value in zip(wanted[i], row, strict=True)}
    return found


def _filled(i: int) -> str:
    return f"count(*) FILTER (NOT {cells.sql_is_missing(f't{i}')})"


def _aggregates(table: Table, i: int) -> dict[str, str]:
    text = f"CASE WHEN NOT {cells.sql_is_missing(f't{i}')} THEN t{i} END"
    distinct = _distinct_sql(table.rows).format(text)
    return {
        "filled": _filled(i),
        "numbers": "0" if table.numeric[i] else f"count({table.number(i)})",
        "infinite": f"count(*) FILTER (isinf(TRY_CAST(t{i} AS DOUBLE)))",
        "distinct": distinct,
        "bad_labels": distinct if table.numeric[i] else "0",
        "length": f"avg(strlen({text}))",
    }


def _closer(table: Table, i: int) -> dict[str, str]:
    bad = f"CASE WHEN NOT {cells.sql_is_missing(f't{i}')} AND ({table.number(i)}) IS NULL THEN t{i} END"
    return {
        "bad_labels": _distinct_sql(table.rows).format(bad),
        "codes": f"count(*) FILTER (regexp_matches(t{i}, '^[+-]?0[0-9]'))",
        "spaces": f"avg(strlen(t{i}) - strlen(replace(t{i}, ' ', '')))",
    }


def _distinct_sql(rows: int) -> str:
    return "count(DISTINCT {})" if rows <= EXACT_ROWS else "approx_count_distinct({})"


def _distinct(table: Table, columns: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    distinct = _distinct_sql(table.rows)
    for some in batches(columns):
        row = table.row([distinct.format(f"n{i}") for i in some])
        found |= {i: int(n) for i, n in zip(some, row, strict=True) if isinstance(n, int)}
    return found


def _mostly_numbers(found: Counts, wish: str) -> bool:
    return wish == "number" or 0 < found["numbers"] >= NUMBER_SHARE * (found["filled"] - found["infinite"])


def _facts(table: Table, i: int, texts: Counts | None, spread: Spread, distinct: int) -> Facts:
    """The figures of the cells stored as numbers and of those stored as text, together."""
    text = {name: int(value) for name, value in (texts or {}).items()}
    numbers = spread.count if table.numeric[i] else text["numbers"]
    infinite = text.get("infinite", 0)
    filled, different = text.get("filled", 0), text.get("distinct", 0)
    if table.numeric[i]:
        infinite += spread.infinite
        filled += spread.count + spread.infinite
        different += distinct if spread.distinct is None else spread.distinct
    return Facts(
        index=i,
        name=table.names[i],
        rows=table.rows,
        columns=len(table.names),
        filled=filled,
        numbers=numbers,
        infinite=infinite,
        whole=spread.whole,
        distinct=min(filled, different),
        bad_labels=text.get("bad_labels", 0),
        codes=text.get("codes", 0),
        length=float((texts or {}).get("length", 0)),
        spaces=float((texts or {}).get("spaces", 0)),
        minimum=spread.minimum,
        maximum=spread.maximum,
    )


# --- labels and kinds


def _few_labels(fact: Facts) -> bool:
    numbers = fact.numbers == fact.filled and not fact.codes
    return 0 < fact.distinct <= (COUNTED_NUMBERS if numbers else COUNTED_LABELS)


def _labels(table: Table, facts: list[Facts]) -> dict[int, Labels]:
    """Every label of these columns with its count, missing marks among them."""
    found: dict[int, Labels] = {}
    for some in batches(facts, TEXT_COLUMNS):
        row = table.row([f"histogram({table.label(fact.index, cells.MISSING)})" for fact in some])
        for fact, counts in zip(some, row, strict=True):
            if isinstance(counts, dict):
                found[fact.index] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return found


def _column(facts: Facts, labels: Labels, spread: Spread, wish: str) -> Column:
    if facts.numbers == facts.filled and not facts.codes:
        labels = spread.labels  # however they are written: "1" and "1.0" are one label
    kept = cells.marks_that_are_labels(labels)
    valid = {text: n for text, n in labels.items() if text not in cells.MISSING or text in kept}
    filled = facts.filled + sum(labels[mark] for mark in kept)
    facts = replace(facts, filled=filled, distinct=len(valid) if valid else facts.distinct)
    found = guess(facts)
    if found.name == "category" and (pair := truths(valid)) is not None:
        found = Kind("boolean", f"“{pair[1]}” or “{pair[0]}”.", usable=True)
    kind = overruled(facts, found, wish)
    invalid = {"number": facts.invalid, "date": facts.filled - facts.dates}
    profile = ColumnProfile(
        name=facts.name,
        kind=kind.name,
        reason=kind.reason,
        usable=kind.usable,
        missing=facts.rows - filled,
        invalid=invalid.get(kind.name, 0),
        distinct=facts.distinct,
    )
    if kind.name in ("number", "identifier", "constant") and facts.numbers:
        profile = replace(
            profile,
            minimum=spread.minimum,
            maximum=spread.maximum,
            mean=spread.mean,
            standard_deviation=spread.deviation,
            histogram=spread.histogram,
        )
    if kind.name == "date":
        profile = replace(profile, minimum=spread.minimum, maximum=spread.maximum, histogram=spread.histogram)
    if kind.name in (*LABELLED, "constant"):
        profile = _listed(profile, valid)
    return Column(facts, profile, kept, valid)


def _listed(profile: ColumnProfile, labels: Labels) -> ColumnProfile:
    categories = tuple(labels.items())[:LISTED_CATEGORIES]
    return replace(profile, categories=categories, histogram=tuple(n for _, n in categories[:BINS]))
