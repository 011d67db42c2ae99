"""ARFF, the format of Weka and OpenML: a header that declares every column, then rows; sparse rows too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.budget import Budget, require
from core.data import encoding
from core.data.progress import Progress
from core.data.readers.base import Options, RawTable
from core.data.readers.transcribe import check_columns, transcribe
from core.data.workspace import Workspace
from core.errors import UserInputError

# Possessive where two parts could take the same letters: nothing is tried twice.
_START = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|%[^\n]*+\n)*+@relation\b", re.IGNORECASE)
_NAME = re.compile(r"""\s*+(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)"|([^\s{]++))\s*+(.*)""", re.DOTALL)
_CELL = re.compile(r""" *+(?:'((?:[^'\\]|\\.)*+)' *+|"((?:[^"\\]|\\.)*+)" *+|([^,\t'"]*+))(,|\t|$)""", re.DOTALL)
_ENTRY = re.compile(
    r"""\s*+(\d++)\s++(?:'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)"|([^,'"\s]++))\s*+(?:,|$)""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\n"}


@dataclass(frozen=True)
class Attribute:
    """labels: in declared order, () where the column is no nominal one."""

    name: str
    labels: tuple[str, ...] = ()
    number: bool = False


@dataclass(frozen=True)
class ArffReader:
    label: str = "ARFF"
    suffixes: tuple[str, ...] = (".arff",)

    def accepts(self, path: Path, head: bytes) -> bool:
        comment = path.suffix.lower() == ".arff" and head.lstrip()[:1] in (b"%", b"@")
        return comment or bool(_START.match(head))

    def read(self, path: Path, work: Workspace, *, options: Options, progress: Progress) -> RawTable:
        """Raises UserInputError for a malformed header or row, with its line, and for values within values."""
        text = work.folder / "utf8.arff"
        found = encoding.detect(path, options.encoding, progress=progress)
        encoding.write_utf8(path, found, text, progress=progress)
        with text.open(encoding="utf-8", newline="\n") as file:
            taken = [0]
            lines = _numbered(file, work.budget, path.name, taken)
            attributes = _header(lines, path.name, work.budget)
            taken[0] = 0
            rows = _rows(lines, attributes, path.name)
            names = [attribute.name for attribute in attributes]
            raw = transcribe(
                rows, names, work, packed=lambda: taken[0], where=path.name, format=self.label, progress=progress
            )  # fmt: skip
        return replace(raw, encoding=found.label)


READER = ArffReader()


def _numbered(file: object, budget: Budget, where: str, taken: list[int]) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers. taken: gets the letters of all lines so far."""
    number = 0
    while line := file.readline(budget.line_bytes):  # type: ignore[attr-defined]
        number += 1
        taken[0] += len(line)
        what, remedy = "This line is too long.", "Check that its quotation marks are closed."
        place = f"{where}, line {number:,}"
        require(len(line), budget.line_bytes - 1, what=what, unit="letters", where=place, remedy=remedy)
        line = line.strip()
        if line and not line.startswith("%"):
            yield number, line


def _header(lines: Iterator[tuple[int, str]], where: str, budget: Budget) -> list[Attribute]:
    attributes: list[Attribute] = []
    number = 0
    for number, line in lines:
        word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        if word.lower() == "@data":
            if attributes:
                return attributes
            break
        if word.lower() == "@attribute":
            attributes.append(_attribute(rest, f"{where}, line {number:,}"))
            check_columns(len(attributes), where, budget)
        elif word.lower() != "@relation":
            raise _malformed(f"{where}, line {number:,}", f"“{line[:60]}” is no @attribute and no @data.")
    raise _malformed(where, "It declares no @attribute." if not attributes else "It has no @data.")


def _attribute(text: str, place: str) -> Attribute:
    match = _NAME.match(text)
    if match is None:
        raise _malformed(place, "An attribute needs a name and a type.")
    name, kind = _unquoted(match.groups()[:3]), match[4].strip()
    if kind.startswith("{"):
        if not kind.endswith("}"):
            raise _malformed(place, "The list of labels is not closed.")
        return Attribute(name, tuple(_cells(kind[1:-1], place)))
    word = kind.lower().split(" ")[0]
    if word == "relational":
        raise _malformed(place, "Tables within tables (relational attributes) are not read.")
    if word not in ("numeric", "real", "integer", "string", "date"):
        raise _malformed(place, f"“{kind[:40]}” is no type of an attribute.")
    return Attribute(name, number=word in ("numeric", "real", "integer"))


def _rows(lines: Iterator[tuple[int, str]], attributes: Sequence[Attribute], where: str) -> Iterator[Sequence[str]]:
    plain = [attribute.labels[0] if attribute.labels else "0" for attribute in attributes]
    for number, line in lines:
        place = f"{where}, line {number:,}"
        if line.startswith("{"):
            row = _sparse(line, plain, place)
        elif "'" in line or '"' in line or "\\" in line:
            row = _cells(line, place)
        else:
            row = _plain_cells(line, "," if "," in line else "\t")
        if len(row) == len(attributes) + 1 and row[-1].startswith("{"):
            row = row[:-1]  # the weight of the row
        if len(row) != len(attributes):
            raise _malformed(place, f"The row has {len(row):,} cells; {len(attributes):,} columns are declared.")
        yield row


def _plain_cells(line: str, delimiter: str) -> list[str]:
    return ["" if cell == "?" else cell for cell in map(str.strip, line.split(delimiter))]


def _cells(line: str, place: str) -> list[str]:
    found, at = [], 0
    while True:
        match = _CELL.match(line, at)
        if match is None:
            raise _malformed(place, "A quotation mark is not closed, or text follows it.")
        found.append(_unquoted(match.groups()[:3]))
        at = match.end()
        if not match[4]:
            return found


def _sparse(line: str, plain: Sequence[str], place: str) -> list[str]:
    """ "{1 x, 3 y}": cells that are not named are 0, or the first label."""
    row, at = list(plain), 1
    end = line.rfind("}")
    while at < end:
        match = _ENTRY.match(line, at, end)
        if match is None or len(match[1]) > 9 or int(match[1]) >= len(row):
            raise _malformed(place, "A sparse row is written {number value, number value}, numbers from 0.")
        row[int(match[1])] = _unquoted(match.groups()[1:4])
        at = match.end()
    if end < 0:
        raise _malformed(place, "A sparse row is not closed.")
    return row


def _unquoted(groups: Sequence[str | None]) -> str:
    for text in groups[:2]:
        if text is not None:
            return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), text) if "\\" in text else text
    plain = (groups[2] or "").strip()
    return "" if plain == "?" else plain  # missing; in quotes it would be a text


def _malformed(place: str, reason: str) -> UserInputError:
    return UserInputError(
        "This ARFF file is malformed.", where=place, reason=reason, remedy="Correct this place, or export it as CSV."
    )
