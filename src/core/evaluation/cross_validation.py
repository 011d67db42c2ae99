"""Results of a cross-validation: plain values that travel to the window, and what they are worth in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from core.training.snapshot import Curve

FEW_ROWS = 30
HEADLINE = {"classification": "accuracy", "labels": "micro_f1", "regression": "rmse"}
BASELINE = {name: f"baseline_{name}" for name in HEADLINE.values()}
WORDS = {"accuracy": "an accuracy", "micro_f1": "a micro F1", "rmse": "an RMSE"}
SIMPLEST = {"accuracy": "always answering the largest class", "rmse": "always answering the mean"}
SIMPLEST["micro_f1"] = "one answer for all rows"


@dataclass(frozen=True)
class FoldResult:
    """One fold: a network trained on the rows of all others.

    fold: from 0. rows: counts by part. ended: "finished" or "diverged", and then message says why and there are no
    scores. epochs: trained; best_epoch: its own best by the validation loss.
    losses, metrics: validation loss and metric (that of `CrossValidation.metric`) over steps.
    validation: "loss", that metric, for numbers also "r2", and the baseline as in `Evaluation`, at the epoch of
    `CrossValidation`. test: all metrics of the weights that a run keeps, those of best_epoch; empty where no rows test.
    """

    fold: int
    rows: Mapping[str, int]
    ended: str
    message: str
    epochs: int
    best_epoch: int
    seconds: float
    validation: Mapping[str, float]
    test: Mapping[str, float]
    losses: Curve | None = None
    metrics: Curve | None = None
    steps_per_epoch: int = 1

    def at_epochs(self, curve: Curve) -> np.ndarray:
        """(epochs,) values of a curve after each epoch."""
        every = np.arange(1, self.epochs + 1)
        return np.interp(every, curve.step / self.steps_per_epoch, curve.mean.astype(np.float64))


@dataclass(frozen=True)
class FoldProgress:
    """How far a cross-validation is: in fold `fold` (from 0) of `folds`. fraction: of all; losses: of this fold so far,
    as in `FoldResult`. result: that of the fold before, told once. seconds_left: None while unknown.
    """

    fold: int
    folds: int
    epoch: int
    epochs: int
    fraction: float
    seconds_left: float | None
    losses: Curve | None = None
    steps_per_epoch: int = 1
    result: FoldResult | None = None


@dataclass(frozen=True)
class CrossValidation:
    """All folds of one design. task: "classification", "labels" (several a row) or "regression".

    epoch: at which all are compared.

    This is one for all folds, that of the least mean validation loss. If each fold chose its own, its own
    validation rows would flatter it, and small folds very much; so many rows choose one number among few fairly.
    """

    task: str
    epoch: int
    folds: tuple[FoldResult, ...]

    @classmethod
    def of(cls, task: str, folds: Sequence[FoldResult]) -> Self:
        """The folds with their scores at the common epoch; `validation` of each must hold its baseline."""
        able = [fold for fold in folds if fold.ended != "diverged" and fold.losses is not None]
        if not able:
            return cls(task, 0, tuple(folds))
        shortest = min(fold.epochs for fold in able)
        losses = [fold.at_epochs(fold.losses)[:shortest] for fold in able if fold.losses is not None]
        epoch = int(np.mean(losses, axis=0).argmin()) + 1
        scored = (_scored(fold, epoch, HEADLINE[task]) if fold in able else fold for fold in folds)
        return cls(task, epoch, tuple(scored))

    @property
    def metric(self) -> str:
        """The one that tells most: accuracy, micro F1 of several labels, or RMSE in the target's unit."""
        return HEADLINE[self.task]

    def values(self, name: str, part: str = "validation") -> tuple[float, ...]:
        """That metric of every fold that has a score."""
        found = (getattr(fold, part).get(name) for fold in self.folds)
        return tuple(value for value in found if value is not None and math.isfinite(value))

    def mean(self, part: str = "validation") -> dict[str, float]:
        """Mean over the folds, by metric: x̄ = Σx / n."""
        return {name: sum(x) / len(x) for name in self._names(part) if (x := self.values(name, part))}

    def deviation(self, part: str = "validation") -> dict[str, float]:
        """Sample standard deviation over the folds, by metric: s = √(Σ(x − x̄)² / (n − 1)); 0 for a single fold.

        It tells how far folds differ, not how sure the mean is: the folds share training rows, and no unbiased estimate
        of the mean's variance exists (Bengio and Grandvalet 2004, J. Mach. Learn. Res. 5).
        """
        means, made = self.mean(part), {}
        for name, mean in means.items():
            x = self.values(name, part)
            made[name] = math.sqrt(sum((value - mean) ** 2 for value in x) / max(1, len(x) - 1))
        return made

    def _names(self, part: str) -> tuple[str, ...]:
        """Metrics that every fold with scores has."""
        scored = [getattr(fold, part) for fold in self.folds if getattr(fold, part)]
        return tuple(name for name in (scored[0] if scored else ()) if all(name in found for found in scored))


def _scored(fold: FoldResult, epoch: int, metric: str) -> FoldResult:
    assert fold.losses is not None
    assert fold.metrics is not None
    loss, value = (float(fold.at_epochs(curve)[epoch - 1]) for curve in (fold.losses, fold.metrics))
    base = fold.validation[BASELINE[metric]]
    explained = {"r2": 1.0 - (value / base) ** 2 if base > 0 else math.nan} if metric == "rmse" else {}
    return replace(fold, validation={metric: value, **explained, "loss": loss, BASELINE[metric]: base})


def shown(metric: str, value: float) -> str:
    """ "95.3 %" for shares, four digits for the others."""
    return f"{100 * value:.1f} %" if "accuracy" in metric else f"{value:.4g}"


def mean_text(found: CrossValidation, part: str = "validation") -> str:
    """ "95.3 % ± 2.7 %"; "" where no fold has a score."""
    name, mean = found.metric, found.mean(part)
    if name not in mean:
        return ""
    return f"{shown(name, mean[name])} ± {shown(name, found.deviation(part)[name])}"


def trust(found: CrossValidation) -> str:
    """In plain sentences: what to expect on other rows, how far to trust it, and what to mind."""
    name, values = found.metric, found.values(found.metric)
    lost = [str(fold.fold + 1) for fold in found.folds if fold.ended == "diverged"]
    told = []
    if lost:
        which = f"Fold {lost[0]} diverged and has" if len(lost) == 1 else f"Folds {', '.join(lost)} diverged and have"
        told.append(f"{which} no score: a lower learning rate helps.")
    if not values:
        return " ".join(told)
    mean, spread = found.mean()[name], found.deviation()[name]
    low, high = shown(name, min(values)), shown(name, max(values))
    expected = f"On other rows of this kind expect {WORDS[name]} of about {shown(name, mean)}"
    told.append(f"{expected}; single folds: {low} to {high}.")
    told += _against_the_simplest(found, mean, spread)
    if spread > 0:
        apart = shown(name, spread)
        told.append(f"Designs whose means differ by less than {apart} cannot be told apart by these folds.")
    fewest = min(fold.rows["validation"] for fold in found.folds)
    if fewest < FEW_ROWS:
        rows = "one row" if fewest == 1 else f"{fewest} rows"
        told.append(f"A fold validates on only {rows}, so chance moves its score a lot.")
    told.append(_how_measured(found))
    return " ".join(told)


def _against_the_simplest(found: CrossValidation, mean: float, spread: float) -> list[str]:
    name = found.metric
    base = found.mean().get(BASELINE[name])
    if base is None or (base - mean if name == "rmse" else mean - base) > spread:
        return []
    return [f"That is not clearly better than {SIMPLEST[name]}: {shown(name, base)}."]


def _how_measured(found: CrossValidation) -> str:
    text = f"All folds are read at epoch {found.epoch:,}, where their mean validation loss was least"
    tested = mean_text(found, "test")
    return f"{text}; the test rows, which none of them saw, give {tested}." if tested else f"{text}."
