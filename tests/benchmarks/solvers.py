"""scikit-learn's comparison of stochastic learning strategies, done again with Chainrule's trainer.

    python tests/benchmarks/solvers.py

Its example plot_mlp_training_curves trains an MLPClassifier with one hidden layer of 100 ReLU units on columns scaled
to 0..1, with the strategies below, and reports the accuracy on the rows it was trained on. Here both do that on iris
and digits, with five seeds: the same first weights, the same rule for stopping (ten epochs in which the loss fell by
less than 1e-4), the same penalty; each shuffles in its own way. Exit code 1 where the mean accuracies differ by more
than 0.01.

In inverse scaling the rate falls with the square root of the rows seen so far. It is none of our schedules, so the
rate is changed after each epoch, as a person could. scikit-learn's velocity holds rates times gradients and ours only
gradients, so with momentum the two differ while the rate falls: our velocity is brought to its form at each change.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _runs import Rows, prepared, train_epoch, trainer

from core.engine.messages import Weights
from core.optimizers import SGD, Adam, Momentum, Nesterov, Optimizer
from core.spec import TrainingConfig, mlp

try:
    from sklearn import datasets
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import MinMaxScaler
except ImportError:
    print("scikit-learn is not installed: nothing to compare with.")
    sys.exit(0)

SEEDS = range(5)
TOLERANCE = 0.01
HIDDEN, LARGEST_BATCH, ALPHA = 100, 200, 1e-4
PATIENCE, LEAST_GAIN = 10, 1e-4
EPOCHS = {"iris": 400, "digits": 15}


@dataclass(frozen=True)
class Strategy:
    """inverse: whether the rate is divided by √(rows seen + 1) after every epoch."""

    name: str
    optimizer: Optimizer
    rate: float
    theirs: dict[str, Any]
    inverse: bool = False


def strategies() -> Iterator[Strategy]:
    kinds: dict[str, tuple[Optimizer, dict[str, Any]]] = {
        "": (SGD(), {"momentum": 0.0}),
        " with momentum": (Momentum(momentum=0.9), {"momentum": 0.9, "nesterovs_momentum": False}),
        " with Nesterov's momentum": (Nesterov(momentum=0.9), {"momentum": 0.9, "nesterovs_momentum": True}),
    }
    for learning_rate, label in {"constant": "constant rate", "invscaling": "inverse scaling"}.items():
        for name, (optimizer, theirs) in kinds.items():
            theirs = {"solver": "sgd", "learning_rate": learning_rate, **theirs}
            yield Strategy(label + name, optimizer, 0.2, theirs, inverse=learning_rate == "invscaling")
    yield Strategy("Adam", Adam(), 0.01, {"solver": "adam"})


def first_weights(widths: tuple[int, ...], seed: int) -> Weights:
    """As MLPClassifier draws them: U(-a, a), a = √(6 / (n + m)), for the biases too."""
    rng, made = np.random.RandomState(seed), {}
    for i, (n, m) in enumerate(itertools.pairwise(widths), start=1):
        a = np.sqrt(6.0 / (n + m))
        made[f"l{i}"] = {"W": rng.uniform(-a, a, (n, m)), "b": rng.uniform(-a, a, m)}
    return made


def our_accuracy(rows: Rows, strategy: Strategy, *, seed: int, epochs: int) -> float:
    x, t = rows
    widths = (x.shape[1], HIDDEN, int(t.max()) + 1)
    batch = min(LARGEST_BATCH, len(x))
    config = TrainingConfig(
        optimizer=strategy.optimizer, learning_rate=strategy.rate, batch_size=batch, epochs=epochs, seed=seed,
        l2=ALPHA / batch,  # their penalty counts once a row: α/2 ΣW² over the rows of the batch
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder), rows)
        run = trainer(mlp(widths[0], (HIDDEN,), widths[2]), config, data, weights=first_weights(widths, seed))
    best, waited, rate = np.inf, 0, strategy.rate
    while waited <= PATIENCE and not run.ended:
        loss = train_epoch(run)
        waited = waited + 1 if loss > best - LEAST_GAIN else 0
        best = min(best, loss)
        if strategy.inverse:
            before, rate = rate, strategy.rate / np.sqrt(run.progress.epoch * len(x) + 1)
            run.change(replace(run.config, learning_rate=rate))
            for velocity in run.step.slots:
                velocity *= before / rate
    return run.measure(run.train)[1]


def their_accuracy(rows: Rows, strategy: Strategy, *, seed: int, epochs: int) -> float:
    model = MLPClassifier(learning_rate_init=strategy.rate, max_iter=epochs, random_state=seed, **strategy.theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of runs that end with their epochs
        return float(model.fit(*rows).score(*rows))


def mean_accuracy(of: Callable[..., float], rows: Rows, strategy: Strategy, epochs: int) -> float:
    return float(np.mean([of(rows, strategy, seed=seed, epochs=epochs) for seed in SEEDS]))


def main() -> int:
    missed = 0
    print("| rows | strategy | Chainrule | scikit-learn | difference |\n|---|---|--:|--:|--:|")
    for name, epochs in EPOCHS.items():
        x, t = getattr(datasets, f"load_{name}")(return_X_y=True)
        rows = (MinMaxScaler().fit_transform(x), t)
        for strategy in strategies():
            a, b = (mean_accuracy(of, rows, strategy, epochs) for of in (our_accuracy, their_accuracy))
            print(f"| {name} | {strategy.name} | {a:.4f} | {b:.4f} | {a - b:+.4f} |", flush=True)
            missed += abs(a - b) > TOLERANCE
    print(f"\n{missed} of the differences are larger than {TOLERANCE}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
