"""Metrics: what a person reads of a network's answers, gathered batch by batch in bounded memory.

`update(answers, targets)` takes a batch, `value()` tells the metric of all rows so far, NaN where it has no meaning
yet. Batches of any size give what the whole at once gives. All counts and sums are in float64 or int64.

Classes: answers (rows, classes), any scores of which a larger one means more likely; targets (rows,) class indices, or
(rows, classes) of 0 and 1 where a row may have several labels. A single column of answers is the logit of the second
of two classes. Numbers: answers and targets (rows, outputs); several outputs count alike.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

AUC_VALUES = 1 << 20  # distinct scores that the area under the curve keeps at most, all classes together
SORTED_TOGETHER = 1 << 14  # rows


class Metric(Protocol):
    def update(self, answers: np.ndarray, targets: np.ndarray) -> None: ...
    def value(self) -> float: ...


def _chosen(answers: np.ndarray) -> np.ndarray:
    """(rows,) index of the largest answer, the first of equal ones; of a single logit whether it is above 0."""
    return (answers[:, 0] > 0).astype(np.int64) if answers.shape[1] == 1 else answers.argmax(axis=1)


def _scores(answers: np.ndarray) -> np.ndarray:
    """A column for each class: of a single logit z for the second class, -z speaks for the first."""
    return np.concatenate([-answers, answers], axis=1) if answers.shape[1] == 1 else answers


class Accuracy:
    """Share of rows answered right, Σ [argmax_k y_ik = t_i] / rows.

    Of several labels a row: share of labels told right, those answered whose answer is above `cut`; this is 1 minus
    the Hamming loss (Tsoumakas and Katakis 2007, §4).
    """

    def __init__(self, cut: float = 0.5) -> None:
        self._cut, self._hits, self._count = cut, 0, 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        right = (answers > self._cut) == (targets > 0.5) if targets.ndim == 2 else _chosen(answers) == targets
        self._hits += int(np.count_nonzero(right))
        self._count += right.size

    def value(self) -> float:
        return self._hits / self._count if self._count else math.nan


class TopK:
    """Share of rows whose true class is among the k likeliest: Σ [rank of y_i,t_i ≤ k] / rows.

    rank = 1 + classes with a larger answer + classes before t_i with an equal one, so that k = 1 is the accuracy
    (Russakovsky et al. 2015, §4.1, as 1 minus the top-k error).
    """

    def __init__(self, k: int) -> None:
        self._k, self._hits, self._rows = k, 0, 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        scores, t = _scores(answers), targets.astype(np.int64)
        own = np.take_along_axis(scores, t[:, None], axis=1)
        earlier = np.arange(scores.shape[1]) < t[:, None]
        before = np.count_nonzero((scores > own) | ((scores == own) & earlier), axis=1)
        self._hits += int(np.count_nonzero((before < self._k) & np.isfinite(own[:, 0])))
        self._rows += len(t)

    def value(self) -> float:
        return self._hits / self._rows if self._rows else math.nan


class MacroF1:
    """Mean over classes of F1 = 2 tp / (2 tp + fp + fn)  (Manning, Raghavan and Schütze 2008, §8.3).

    Classes that neither occur nor are answered say nothing and do not count; one that is never right counts 0. Of
    several labels a row, those above `cut` are answered. Memory: three counts a class.
    """

    def __init__(self, cut: float = 0.5) -> None:
        self._cut = cut
        self._hits = self._called = self._of_class = np.zeros(0, np.int64)

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        classes = max(2, answers.shape[1])
        if targets.ndim == 2:
            guess, truth = answers > self._cut, targets > 0.5
            found = [a.sum(axis=0, dtype=np.int64) for a in (guess & truth, guess, truth)]
        else:
            guess, truth = _chosen(answers), targets.astype(np.int64)
            found = [np.bincount(a, minlength=classes) for a in (truth[guess == truth], guess, truth)]
        if not len(self._hits):
            self._hits, self._called, self._of_class = (np.zeros(len(a), np.int64) for a in found)
        self._hits, self._called, self._of_class = (
            old + new for old, new in zip((self._hits, self._called, self._of_class), found, strict=True)
        )

    def value(self) -> float:
        total = self._called + self._of_class
        seen = total > 0
        return float((2.0 * self._hits[seen] / total[seen]).mean()) if seen.any() else math.nan


class SubsetAccuracy:
    """Share of rows all of whose labels are told right, Σ [ŷ_i = t_i] / rows (exact match; Zhang and Zhou 2014, §2.2).

    answers, targets: (rows, labels); those labels are answered whose answer is above `cut`.
    """

    def __init__(self, cut: float = 0.5) -> None:
        self._cut, self._hits, self._rows = cut, 0, 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        self._hits += int(((answers > self._cut) == (targets > 0.5)).all(axis=1).sum())
        self._rows += len(answers)

    def value(self) -> float:
        return self._hits / self._rows if self._rows else math.nan


class MicroF1:
    """F1 = 2 tp / (2 tp + fp + fn) of all labels of all rows together; 0 where none occurs and none is answered.

    Every label of every row counts alike, so frequent labels weigh most (Zhang and Zhou 2014, §2.2). answers, targets:
    (rows, labels); those labels are answered whose answer is above `cut`.
    """

    def __init__(self, cut: float = 0.5) -> None:
        self._cut, self._hits, self._called, self._rows = cut, 0, 0, 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        guess, truth = answers > self._cut, targets > 0.5
        self._hits += int(np.count_nonzero(guess & truth))
        self._called += int(np.count_nonzero(guess)) + int(np.count_nonzero(truth))
        self._rows += len(answers)

    def value(self) -> float:
        return 2.0 * self._hits / max(self._called, 1) if self._rows else math.nan


class AreaUnderCurve:
    """Area under the ROC curve: how likely a row of a class scores above a row of the others, ties counting half.

    AUC = Σ_s n⁺(s) (N⁻(below s) + n⁻(s) / 2) / (N⁺ N⁻) over the distinct scores s (Hanley and McNeil 1982; Fawcett
    2006, §7). Two classes: of the second one's score. More, or several labels a row: each class against the rest, and
    the mean over the classes that have rows on both sides (macro).

    Decision: exact by ranks, not by a histogram over a fixed range. A histogram needs the range of the scores and is
    wrong by what shares a bin, which is most rows where a network is sure; ranks cost a sort, 0.2 s for a million
    scores. So that memory stays bounded all the same, at most `capacity` distinct scores are kept: beyond it,
    neighbours merge into ties. That moves the area by at most Σ_s n⁺(s) n⁻(s) / (2 N⁺ N⁻), about 1 / capacity where
    scores of both sides mix.
    """

    def __init__(self, capacity: int = AUC_VALUES) -> None:
        self._capacity = capacity
        self._ranks: list[_Ranks] = []

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        scores = _scores(answers)
        classes = range(1, 2) if targets.ndim == 1 and scores.shape[1] == 2 else range(scores.shape[1])
        if not self._ranks:
            self._ranks = [_Ranks(max(2, self._capacity // len(classes))) for _ in classes]
        for ranks, k in zip(self._ranks, classes, strict=True):
            ranks.update(scores[:, k], targets[:, k] > 0.5 if targets.ndim == 2 else targets == k)

    def value(self) -> float:
        known = [area for ranks in self._ranks if not math.isnan(area := ranks.area())]
        return sum(known) / len(known) if known else math.nan


class _Ranks:
    """Rows of either side at each distinct score, in order of the scores."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._scores: np.ndarray = np.zeros(0)
        self._yes: np.ndarray = np.zeros(0)
        self._no: np.ndarray = np.zeros(0)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []  # sorted in together: many small batches cost no more
        self._rows = 0

    def update(self, scores: np.ndarray, yes: np.ndarray) -> None:
        self._waiting.append((scores.astype(np.float64), yes))
        self._rows += len(scores)
        if self._rows >= max(SORTED_TOGETHER, len(self._scores)):  # or what is known would be sorted again and again
            self._sort_in()

    def _sort_in(self) -> None:
        yes = np.concatenate([yes for _, yes in self._waiting])
        all_scores = np.concatenate([self._scores, *(scores for scores, _ in self._waiting)])
        self._waiting, self._rows = [], 0
        known, place = np.unique(all_scores, return_inverse=True)
        counts = (np.concatenate([self._yes, yes]), np.concatenate([self._no, ~yes]))
        self._yes, self._no = (np.bincount(place, weights=c, minlength=len(known)) for c in counts)
        self._scores = known
        while len(self._scores) > self._capacity:
            pairs = np.arange(0, len(self._scores), 2)
            self._yes, self._no = np.add.reduceat(self._yes, pairs), np.add.reduceat(self._no, pairs)
            self._scores = self._scores[pairs]

    def area(self) -> float:
        if self._waiting:
            self._sort_in()
        all_pairs = self._yes.sum() * self._no.sum()
        below = np.cumsum(self._no) - self._no
        return float(self._yes @ (below + 0.5 * self._no) / all_pairs) if all_pairs else math.nan


class RMSE:
    """Root of the mean squared error, √(Σ (y - t)² / rows), in the unit of y; the mean of it over several outputs."""

    def __init__(self) -> None:
        self._sum, self._rows = np.zeros(()), 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        self._sum = self._sum + np.square(answers - targets, dtype=np.float64).sum(axis=0)
        self._rows += len(answers)

    def value(self) -> float:
        return float(np.sqrt(self._sum / self._rows).mean()) if self._rows else math.nan


class MAE:
    """Mean absolute error, Σ |y - t| / rows, in the unit of y; the mean of it over several outputs."""

    def __init__(self) -> None:
        self._sum, self._rows = np.zeros(()), 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        self._sum = self._sum + np.abs(answers - targets, dtype=np.float64).sum(axis=0)
        self._rows += len(answers)

    def value(self) -> float:
        return float((self._sum / self._rows).mean()) if self._rows else math.nan


class R2:
    """Share of the targets' variance that is explained, 1 - Σ (t - y)² / Σ (t - t̄)²  (Draper and Smith 1998, §1.3).

    Where all targets are equal, 1 for a perfect answer and else 0. The spread around t̄ of batches is merged without
    cancellation: M = M_a + M_b + (t̄_b - t̄_a)² n_a n_b / (n_a + n_b)  (Chan, Golub and LeVeque 1983). `baseline` is
    the RMSE of always answering t̄.
    """

    def __init__(self) -> None:
        self._squares, self._mean, self._spread, self._rows = np.zeros(()), np.zeros(()), np.zeros(()), 0

    def update(self, answers: np.ndarray, targets: np.ndarray) -> None:
        new = len(targets)
        if not new:
            return
        t = targets.astype(np.float64)
        self._squares = self._squares + np.square(t - answers).sum(axis=0)
        mean, total = t.mean(axis=0), self._rows + new
        step = mean - self._mean
        self._spread = self._spread + np.square(t - mean).sum(axis=0) + np.square(step) * (self._rows * new / total)
        self._mean = self._mean + step * (new / total)
        self._rows = total

    def value(self) -> float:
        if not self._rows:
            return math.nan
        squares, spread = np.atleast_1d(self._squares), np.atleast_1d(self._spread)
        varied = spread > 0
        share = np.divide(squares, spread, out=(squares > 0).astype(np.float64), where=varied)
        return float((1.0 - share).mean())

    @property
    def baseline(self) -> float:
        return float(np.sqrt(self._spread / self._rows).mean()) if self._rows else math.nan
