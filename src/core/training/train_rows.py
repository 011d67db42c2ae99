"""How many training rows their metric is measured on after an epoch, so that it is seen often and costs little."""

from __future__ import annotations

ALL = 2048  # rows at most: more would change the third digit
SLOW_SECONDS = 0.2  # of an epoch: from there on every epoch is waited for, and each gets its point
SHARE = 0.15  # a row is answered in about a third of the time that it is trained in: a twentieth of an epoch's time
FEWEST = 100  # rows: with fewer, one row would count more than 1 %


class TrainRows:
    """The first `ALL` rows while epochs are short, now and then; fewer of them, always the same, once one was long.

    It does not go back: a curve that changed its rows to and fro would have steps that mean nothing.
    """

    def __init__(self, rows: int, *, since: float = 0.0) -> None:
        """since: seconds of training before, of a run that goes on."""
        self._all, self._few = min(rows, ALL), min(rows, ALL, max(FEWEST, int(SHARE * rows)))
        self._slow, self._before = False, since

    def after_epoch(self, seconds: float, *, due: bool) -> int:
        """Rows to measure on now, 0 for none. seconds: of training so far; due: whether all rows may be measured."""
        self._slow = self._slow or seconds - self._before >= SLOW_SECONDS
        self._before = seconds
        return self._few if self._slow else self._all if due else 0
