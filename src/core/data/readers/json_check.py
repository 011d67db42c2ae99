"""What a JSON file would become, counted from its bytes before anything calls itself for each bracket or field of it.

DuckDB calls itself for each level of nesting, keeps a note of every different field of all rows, and its time grows
with the square of the columns; Python's own parser makes an object of each value. All is counted with NumPy first.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.budget import Budget, require
from core.errors import UserInputError

CHUNK = 2**19
MOST_REPEATED = 4  # objects in a list within a row repeat their fields
MOST_WITHIN = 4  # times as many different fields as columns: those that hold others, and those in lists, are no columns
LONGEST_KEY = 2**16  # bytes; a longer one is not told from others
FLAT = "Write one flat object a row."
# Bytes that a value takes once Python has parsed it: by the sign that stands for one more of them.
_PARSED = {"{": 232, "[": 88, ",": 40, ":": 72, '"': 32}
# Fields are told apart by the place of their hash in a map of so many bits: a few thousandths of them share one.
_BITS = 22
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BELOW = np.uint64(0xD6E8FEB86659FD93)


def check_nesting(path: Path, shape: str, budget: Budget, where: str) -> int:
    """The number of rows, from brackets, colons and different fields outside of texts; 0 where the file is read whole.

    shape: DuckDB's name of the way the rows stand in the file, "" where it is read whole; where rows stand one by one,
    what each may hold is limited, and what all of them may hold together; else the values of the whole file.

    Raises:
        UserInputError: objects within objects, fields or values beyond the limits.
    """
    rows = _Fields(budget, where, between=1 if shape == "array" else 0) if shape else None
    parsed = 0
    with path.open("rb") as file:
        for piece in _pieces(file):
            if len(piece.depths):
                most = int(piece.depths.max())
                what = "This JSON file is too deeply nested."
                require(most, budget.depth, what=what, unit="levels", where=where, remedy=FLAT)
            if rows is not None:
                rows.feed(piece)
                continue
            parsed += sum(size * int(np.count_nonzero(piece.outside(sign))) for sign, size in _PARSED.items())
            what, remedy = (
                "This JSON file holds too many values for its shape.",
                "Write one object a row, each on a line.",
            )
            require(parsed, budget.memory_bytes, what=what, unit="bytes", where=where, remedy=remedy)
    return rows.rows if rows else 0


@dataclass(frozen=True)
class _Piece:
    """A stretch of a file. letters: its bytes, escapes made harmless; plain: where they stand outside of texts, the
    marks around a text counted as outside. depths: brackets open after each."""

    letters: np.ndarray
    plain: np.ndarray
    depths: np.ndarray

    def outside(self, sign: str) -> np.ndarray:
        found: np.ndarray = (self.letters == ord(sign)) & (self.plain | (sign == '"'))
        return found


def _pieces(file: object) -> Iterator[_Piece]:
    """Stretches that end outside of texts, unless a text is longer than any name."""
    depth, inside, held, more = 0, False, b"", True
    while more:
        more = bool(read := file.read(CHUNK))  # type: ignore[attr-defined]
        chunk = held + read
        loose = len(chunk) - (len(chunk) - len(chunk.rstrip(b"\\"))) % 2  # a last \ belongs to the first letter to come
        letters = np.frombuffer(chunk[:loose].replace(b"\\\\", b"__").replace(b'\\"', b"__"), np.uint8)
        marks = letters == ord('"')
        within = np.logical_xor.accumulate(np.concatenate(([inside], marks)))[1:] if loose else marks
        at = _last_text(marks, inside=inside)
        cut = at if 0 < loose - at <= LONGEST_KEY and more else loose
        letters, plain = letters[:cut], ~within[:cut]
        steps = ((letters == ord("[")) | (letters == ord("{"))).astype(np.int8)
        steps -= (letters == ord("]")) | (letters == ord("}"))
        depths = np.cumsum(steps * plain, dtype=np.int32) + np.int32(depth)
        if cut:
            depth, inside = int(depths[-1]), bool(within[cut - 1])
        held = chunk[cut:]
        yield _Piece(letters, plain, depths)


def _last_text(marks: np.ndarray, *, inside: bool) -> int:
    """Where the last text begins, be it closed or not."""
    at = np.flatnonzero(marks)
    is_open = (len(at) + inside) % 2
    first = len(at) - (1 if is_open else 2)
    return int(at[first]) if 0 <= first < len(at) else len(marks)


@dataclass
class _Fields:
    """Fields of each row, and different ones of all rows: of the rows themselves, and within other objects too."""

    budget: Budget
    where: str
    between: int
    rows: int = 0
    count: int = 0  # of the fields of a row that the next piece goes on with
    above: dict[int, np.uint64] = field(default_factory=dict)
    columns: np.ndarray = field(default_factory=lambda: np.zeros(2**_BITS, np.bool_))
    paths: np.ndarray = field(default_factory=lambda: np.zeros(2**_BITS, np.bool_))

    def feed(self, piece: _Piece) -> None:
        self.rows += int(np.count_nonzero(piece.outside("{") & (piece.depths == self.between + 1)))
        colons = piece.outside(":")
        if len(colons):
            self._check_rows(colons, piece.depths)
        closed = np.flatnonzero(colons)
        if not len(closed):
            return
        marks = np.flatnonzero(piece.letters == ord('"'))
        last = np.searchsorted(marks, closed) - 1
        closed, last = closed[last > 0], last[last > 0]
        hashes = _hashes(piece.letters, marks[last - 1] + 1, marks[last])
        self._note(hashes, piece.depths[closed], closed)

    def _check_rows(self, colons: np.ndarray, depths: np.ndarray) -> None:
        counts = np.cumsum(colons, dtype=np.int32) + self.count
        rows = np.concatenate(([0], counts[depths <= self.between], [counts[-1]]))
        self.count = int(rows[-1] - rows[-2])
        most, limit = int(np.diff(rows).max()), MOST_REPEATED * self.budget.columns
        what = "A row of this JSON file has too many fields."
        require(most, limit, what=what, unit="fields", where=self.where, remedy=FLAT)

    def _note(self, hashes: np.ndarray, depths: np.ndarray, at: np.ndarray) -> None:
        """hashes: of the names; a field within an object is another one than its like elsewhere."""
        paths = hashes.copy()
        for depth in np.unique(depths):
            here = depths == depth
            above = np.uint64(0) if depth <= self.between + 1 else self._above(paths, depths, at, int(depth))
            with np.errstate(over="ignore"):
                paths[here] = hashes[here] + _BELOW * above
            self.above[int(depth)] = paths[here][-1]
        places = (paths >> np.uint64(64 - _BITS)).astype(np.int64)
        self.columns[places[depths <= self.between + 1]] = True
        self.paths[places] = True
        limit = self.budget.columns
        if np.count_nonzero(self.columns) > limit or np.count_nonzero(self.paths) > MOST_WITHIN * limit:
            raise UserInputError(
                "This table has too many columns.", where=self.where,
                reason=f"Its rows have more different fields than the {limit:,} columns that a table may have.",
                remedy="Give all rows the same fields; write what differs as lists of values.",
            )  # fmt: skip

    def _above(self, paths: np.ndarray, depths: np.ndarray, at: np.ndarray, depth: int) -> np.ndarray:
        """The fields that those of a depth stand in: the last ones before them that are less deep."""
        outer = depths < depth
        nearest = np.searchsorted(at[outer], at[depths == depth]) - 1
        before = [self.above[known] for known in sorted(self.above) if known < depth][-1:] or [np.uint64(0)]
        found: np.ndarray = np.concatenate((paths[outer], before))[nearest]  # -1 is that of the piece before
        return found


@functools.cache
def _powers() -> tuple[np.ndarray, np.ndarray]:
    """Powers of the base and of its inverse modulo 2^64."""
    inverse = np.uint64(pow(int(_BASE), -1, 2**64))
    size = CHUNK + LONGEST_KEY + 2
    bases = np.full((2, size), _BASE, np.uint64)
    bases[1] = inverse
    bases[:, 0] = 1
    powers = np.cumprod(bases, axis=1, dtype=np.uint64)
    return powers[0], powers[1]


def _hashes(letters: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The hash of each stretch of letters: a polynomial in the base, modulo 2^64, then mixed."""
    up, down = _powers()
    with np.errstate(over="ignore"):
        sums = np.cumsum(np.concatenate((np.zeros(1, np.uint64), (letters.astype(np.uint64) + 1) * up[: len(letters)])))
        found = (sums[ends] - sums[starts]) * down[starts]
        found = (found ^ (found >> np.uint64(29))) * _BASE
    mixed: np.ndarray = found ^ (found >> np.uint64(32))
    return mixed
