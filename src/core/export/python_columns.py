"""The part of an exported Python program that reads the cells of a table and prepares them.

What stands in a program follows what its columns need: a table of numbers gets no code for dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Template
from typing import Any

from core.data import cells, dates
from core.data.preprocess import CategoryFeature, DateFeature, Feature, NumberFeature, TextFeature
from core.export.literals import literal


def imports(features: Iterable[Feature]) -> str:
    """Lines for the modules of the standard library that a program needs."""
    kinds = {type(feature) for feature in features}
    names = ["csv", "math", "sys", *(["re"] if kinds & {DateFeature, TextFeature} else [])]
    names += ["zlib"] if TextFeature in kinds else []
    lines = [f"import {name}" for name in sorted(names)]
    return "\n".join(
        [*lines, *(["from datetime import datetime"] if DateFeature in kinds else []), "from pathlib import Path"]
    )


def constants(features: Iterable[Feature]) -> list[str]:
    """Lines that say how every column is prepared."""
    lines = ["# The columns that the network takes. A missing cell counts as `fill`.", "COLUMNS = {"]
    lines += [f"    {literal(feature.name)}: {literal(_how(feature))}," for feature in features]
    return [*lines, "}", f"MISSING = {literal(sorted(cells.MISSING))}"]


def _how(feature: Feature) -> dict[str, Any]:
    if isinstance(feature, TextFeature):
        return {"buckets": feature.width}
    if isinstance(feature, CategoryFeature):
        plain: dict[str, Any] = {"fill": feature.fill, "labels": list(feature.categories)}
    else:
        plain = {"fill": feature.fill, "mean": feature.mean, "scale": feature.scale}
    if isinstance(feature, DateFeature):
        plain |= {"parts": list(feature.parts), "forms": [_pattern(form) for form in feature.forms]}
    flags = [flag for flag in ("log", "other", "embedded", "indicator") if getattr(feature, flag, False)]
    return plain | {flag: True for flag in flags if flag != "other" or "embedded" not in flags}


_GROUPS = {
    "%Y": "year", "%m": "month", "%d": "day", "%b": "short_month", "%B": "long_month", "%H": "hour", "%I": "half_hour",
    "%M": "minute", "%S": "second", "%p": "half",
}  # fmt: skip


def _pattern(form: str) -> str:
    """The regular expression that reads dates of a form, its groups with names."""
    names = iter(_GROUPS[token] for token in re.findall("%[A-Za-z]", form))
    return re.sub(r"(?<!\\)\((?!\?)", lambda _: f"(?P<{next(names)}>", dates.pattern(form))


def numbers_of_csv(features: Iterable[Feature]) -> str:
    """The condition, on `how`, for a column of numbers."""
    return '"mean" in how' + (' and "parts" not in how' if any(isinstance(f, DateFeature) for f in features) else "")


def functions(features: tuple[Feature, ...]) -> str:
    """Everything that `prepare` calls, and `prepare` itself."""
    categories = [f for f in features if isinstance(f, CategoryFeature)]
    moments = [f for f in features if isinstance(f, DateFeature)]
    parts = [_NUMBER]
    if categories:
        numeric = any(cells.number(label) is not None for f in categories for label in f.categories)
        parts.append(_LABEL.substitute(rest=_NUMBER_AS_LABEL if numeric else "    return text"))
    if moments:
        parts.append(_moment(moments))
    if any(part != "time" for feature in moments for part in feature.parts):
        parts.append(_PHASE)
    if any(isinstance(f, TextFeature) for f in features):
        parts.append(_BAG)
    return "\n\n\n".join(part.strip("\n") for part in (*parts, _prepare(features)))


def _moment(features: list[DateFeature]) -> str:
    """The reader of dates, with what its forms ask for."""
    used = {token for feature in features for form in feature.forms for token in re.findall("%[A-Za-z]", form)}
    named, half = bool(used & {"%b", "%B"}), "%I" in used
    return _MOMENT.substitute(
        months=_MONTHS if named else "",
        month="month_of(part)" if named else 'int(part["month"])',
        hour="hour_of(part)" if half else 'int(part.get("hour", 0))',
        named=_MONTH_OF if named else "",
        half=_HOUR_OF if half else "",
    )


def _prepare(features: tuple[Feature, ...]) -> str:
    """`prepare` with a branch for each kind of column that there is."""
    branches = []
    for kind, condition, body in _BRANCHES:
        some = [feature for feature in features if isinstance(feature, kind)]
        if some:
            branches.append((condition, body([*some])))
    lines: list[str] = []
    for i, (condition, body) in enumerate(branches):
        if len(branches) == 1:
            lines += body
            continue
        lines.append("else:" if i == len(branches) - 1 else f"{'if' if i == 0 else 'elif'} {condition} in how:")
        lines += [f"    {line}" for line in body]
    if any(getattr(feature, "indicator", False) for feature in features):
        lines += ['if "indicator" in how:', "    parts.append(gaps[:, None])"]
    return _PREPARE.substitute(body="\n".join(f"        {line}" for line in lines))


def _number_lines(features: list[NumberFeature]) -> list[str]:
    return [
        "values = np.array([number(cell) for cell in cells])",
        *_FILLED,
        *(_LOG if any(feature.log for feature in features) else []),
        'parts.append((values[:, None] - how["mean"]) / how["scale"])',
    ]


def _label_lines(features: list[CategoryFeature]) -> list[str]:
    other = any(feature.other for feature in features)
    known = 'np.arange(len(place) + ("other" in how))' if other else "np.arange(len(place))"
    hot, unknown = f"index == {known}", 'len(place) if "other" in how else -1' if other else "-1"
    return [
        'place = {name: i for i, name in enumerate(how["labels"])}',
        f"unknown = {unknown}",
        "names = [label(cell, place) for cell in cells]",
        *(["gaps = np.array([name is None for name in names])"] if any(f.indicator for f in features) else []),
        'index = np.array([[place.get(how["fill"] if name is None else name, unknown)] for name in names])',
        f'parts.append(index + 1 if "embedded" in how else {hot})' if any(f.embedded for f in features) else
        f"parts.append({hot})",
    ]  # fmt: skip


def _date_lines(features: list[DateFeature]) -> list[str]:
    parts = {part for feature in features for part in feature.parts}
    time = 'parts.append((values[:, None] - how["mean"]) / how["scale"])'
    cycle = [
        "turn = 2 * math.pi * phase(part, values)",
        "parts.append(np.stack([np.sin(turn), np.cos(turn)], axis=1))",
    ]
    if "time" in parts and len(parts) > 1:
        inner = ['if part == "time":', f"    {time}", "    continue", *cycle]
    else:
        inner = [time] if "time" in parts else cycle
    return [
        'values = np.array([moment(cell, how["forms"]) for cell in cells])',
        *_FILLED,
        'for part in how["parts"]:',
        *(f"    {line}" for line in inner),
    ]


def _text_lines(features: list[TextFeature]) -> list[str]:
    return ['parts.append(np.stack([bag(cell, how["buckets"]) for cell in cells]))']


_FILLED = ["gaps = np.isnan(values)", 'values[gaps] = how["fill"]']
_LOG = ['if "log" in how:', "    values = np.log1p(np.maximum(values, 0.0))"]
_BRANCHES: tuple[tuple[type, str, Any], ...] = (
    (DateFeature, '"parts"', _date_lines),
    (TextFeature, '"buckets"', _text_lines),
    (CategoryFeature, '"labels"', _label_lines),
    (NumberFeature, '"mean"', _number_lines),
)

_NUMBER = '''
def number(cell):
    """The number in a cell; NaN where it is missing or no number."""
    text = str(cell)
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
'''

_LABEL = Template('''
def label(cell, labels):
    """The label in a cell, written as in training; None where it is missing. It may be an unknown one."""
    text = "" if cell is None else str(cell).strip()
    if text in labels:
        return text
    if text in MISSING:
        return None
$rest
''')

_NUMBER_AS_LABEL = '''    value = number(text)
    if math.isnan(value):
        return text
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)  # 3.0 is the label "3"'''

_MOMENT = Template('''
ISO = (
    "(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    "(?:[T ](?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    "(?::(?P<second>[0-5][0-9])(?:[.](?P<fraction>[0-9]{1,9}))?)?"
    " ?(?:Z|(?P<sign>[+-])(?P<hours>[0-5][0-9])(?::?(?P<minutes>[0-5][0-9]))?)?)?"
)
$months$named$half

def moment(cell, forms):
    """Seconds since 1970-01-01 UTC of a date in ISO 8601 or one of the forms; NaN where it is missing or no date."""
    for form in (ISO, *forms):
        found = re.fullmatch(form, str(cell).strip(" "))
        part = {name: text for name, text in found.groupdict().items() if text} if found else {}
        try:
            day = datetime(int(part["year"]), $month, int(part.get("day", 1)))
        except (KeyError, ValueError):  # another form, or no such day
            continue
        seconds = ($hour * 60 + int(part.get("minute", 0))) * 60 + int(part.get("second", 0))
        ahead = (int(part.get("hours", 0)) * 60 + int(part.get("minutes", 0))) * 60  # of UTC
        seconds += ahead if part.get("sign") == "-" else -ahead
        fraction = int(part.get("fraction", "").ljust(6, "0")[:6])
        return (((day - datetime(1970, 1, 1)).days * 86400 + seconds) * 1000000 + fraction) / 1e6
    return math.nan
''')

_MONTHS = """MONTHS = "january february march april may june july august september october november december".split()
"""

_MONTH_OF = '''

def month_of(part):
    """The month as a number; 0 where a name is that of none."""
    if "month" in part:
        return int(part["month"])
    short = part.get("short_month", "").lower()
    names = [name[:3] for name in MONTHS] if short else MONTHS
    name = short or part.get("long_month", "").lower()
    return names.index(name) + 1 if name in names else 0
'''

_HOUR_OF = '''

def hour_of(part):
    """From 0 to 23, also of 12 hours with am or pm."""
    if "half" not in part:
        return int(part.get("hour", 0))
    return int(part["half_hour"]) % 12 + (12 if part["half"].lower() == "pm" else 0)
'''

_PHASE = '''
def phase(part, t):
    """How far its year, month, week or day has gone at the moments t, from 0 up to 1."""
    days = np.floor(t / 86400)
    share = (t - days * 86400) / 86400
    if part == "day":
        return share
    if part == "week":
        return ((days + 3) % 7 + share) / 7  # 1970-01-01 was a Thursday
    date = days.astype(np.int64).astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    into_month = (date - month).astype(np.int64) / 31
    return into_month if part == "month" else (month.astype(np.int64) % 12 + into_month) / 12
'''

_BAG = '''
def bag(cell, buckets):
    """How often words of each bucket occur in a text, scaled to length 1; zeros where it is missing."""
    text = "" if cell is None else str(cell)
    counts = np.zeros(buckets)
    for word in [] if text.strip() in MISSING else re.findall(r"\\w+", text.lower()):
        counts[zlib.crc32(word.encode("utf-8", "surrogatepass")) % buckets] += 1
    return counts / max(1.0, np.sqrt((counts * counts).sum()))
'''

_PREPARE = Template('''
def prepare(rows):
    """Rows as {column: cell} → x: (rows, values), as the network met them in training."""
    parts = []
    for column, how in COLUMNS.items():
        cells = [row.get(column) for row in rows]
$body
    return np.concatenate(parts, axis=1).astype(np.float32)
''')
