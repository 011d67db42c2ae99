"""5-fold cross-validation beside scikit-learn's: the same data, hidden layers, optimizer, batches and epochs.

    python tests/benchmarks/cross_validation.py

For each data set and seed: our folds at the last epoch, as `cross_val_score` measures; `cross_val_score` of a pipeline
of StandardScaler and MLPClassifier over a shuffled StratifiedKFold; MLPClassifier on the very rows of our folds; and
what we tell, at the epoch of the least mean validation loss. Exit code 1 where our mean lies further from theirs than
three standard errors of the difference.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.backend.choose import choose
from core.data import store
from core.data.prepare_folds import prepare_folds
from core.data.schema import Prepared
from core.engine.messages import TrainingTask
from core.evaluation.cross_validation import CrossValidation
from core.spec import DataSource, DataSpec, TrainingConfig, mlp
from core.training.cross_validation import cross_validate, fold_tasks

SETS = ("iris", "wine", "breast_cancer", "digits")
FOLDS, SEEDS = 5, range(3)
HIDDEN, EPOCHS, BATCH, RATE = (32, 16), 40, 16, 0.003


def ours(name: str, seed: int) -> tuple[CrossValidation, tuple[Prepared, ...]]:
    """All rows lie in the folds: none are kept apart to test."""
    folds = prepare_folds(DataSpec(DataSource("sample", name), test=0.0, seed=seed), FOLDS)
    config = TrainingConfig(epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, seed=seed, backend="numpy")
    network = mlp(folds[0].row_shape[0], HIDDEN, folds[0].outputs)
    found = cross_validate(fold_tasks(TrainingTask(network, config, folds[0]), folds), choose("numpy"))
    assert found is not None
    return found, folds


def model(seed: int) -> Any:
    return MLPClassifier(
        HIDDEN, learning_rate_init=RATE, batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=EPOCHS, alpha=0.0,
        random_state=seed,
    )  # fmt: skip


def theirs(name: str, seed: int) -> list[float]:
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rule = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return list(cross_val_score(make_pipeline(StandardScaler(), model(seed)), x, y, cv=rule))


def on_our_rows(folds: tuple[Prepared, ...], seed: int) -> list[float]:
    found = []
    for prepared in folds:
        arrays = store.load(prepared)
        made = model(seed).fit(np.asarray(arrays.train.x), np.asarray(arrays.train.y))
        found.append(float(made.score(arrays.validation.x, arrays.validation.y)))
    return found


def compared(name: str) -> bool:
    last: list[float] = []
    told: list[float] = []
    same: list[float] = []
    peer: list[float] = []
    for seed in SEEDS:
        found, folds = ours(name, seed)
        last += [float(fold.metrics.mean[-1]) for fold in found.folds if fold.metrics is not None]
        told += found.values("accuracy")
        same += on_our_rows(folds, seed)
        peer += theirs(name, seed)
    error = math.sqrt((np.var(last, ddof=1) + np.var(peer, ddof=1)) / len(last))
    apart = float(np.mean(last) - np.mean(peer))
    cells = "  ".join(f"{np.mean(x):.4f} ± {np.std(x, ddof=1):.4f}" for x in (last, peer, same, told))
    print(f"{name:14} {cells}  {apart:+.4f} {3 * error:9.4f}", flush=True)
    return abs(apart) <= 3 * error


if __name__ == "__main__":
    heads = ("ours, last epoch", "cross_val_score", "theirs, our rows", "ours, as told")
    print(f"{'data':14} " + "  ".join(f"{head:15}" for head in heads) + "   apart   allowed")
    import warnings

    warnings.simplefilter("ignore")  # that 40 epochs are not yet all that could be learned
    passed = [compared(name) for name in SETS]
    sys.exit(0 if all(passed) else 1)
