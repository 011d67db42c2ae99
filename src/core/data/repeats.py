"""Rows that repeat earlier ones, told by hashes of 64 bits."""

from __future__ import annotations

import numpy as np

from core.data.table import LONG_ROWS, Table, batches

MIXED = np.uint64(0x9E3779B97F4A7C15)
BUCKETS = 16


def hashes(table: Table) -> np.ndarray:
    """(rows,) uint64: one number for all cells of a row."""
    stored = [f"n{i}" for i, is_ in enumerate(table.numeric) if is_]
    stored += [f"t{i}" for i, is_ in enumerate(table.textual) if is_]
    whole: np.ndarray | None = None
    for some in batches(stored):
        found = table.arrays([f"hash({', '.join(some)})"])[0]
        if whole is None:
            whole = found
        else:
            whole *= MIXED
            whole += found
    assert whole is not None
    return whole


def count_repeated(table: Table) -> int:
    """How many rows repeat an earlier one."""
    found = hashes(table)
    found.sort()
    return int(np.count_nonzero(found[1:] == found[:-1]))


def first_of_each(table: Table) -> np.ndarray:
    """Numbers of the rows that repeat no earlier row cell by cell, ascending."""
    found = hashes(table)
    if len(found) <= LONG_ROWS:
        return np.sort(np.unique(found, return_index=True)[1])
    first = np.zeros(len(found), bool)
    for bucket in range(BUCKETS):
        mine = np.flatnonzero(found % np.uint64(BUCKETS) == bucket)
        first[mine[np.unique(found[mine], return_index=True)[1]]] = True
    return np.flatnonzero(first)
