"""k-fold cross-validation: the same design trained once for every fold, and measured on the rows it did not train on.

R. Kohavi 1995, "A study of cross-validation and bootstrap for accuracy estimation and model selection"; C. Bergmeir and
J. M. Benítez 2012, "On the use of cross-validation for time series predictor evaluation", for rows in the order of
time. How rows are divided is in `core.data.folds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core import keys, suggest
from core.backend.choose import BackendInfo
from core.data import store
from core.data.schema import Prepared
from core.engine.messages import TrainingTask
from core.evaluation.cross_validation import CrossValidation, FoldProgress, FoldResult
from core.evaluation.evaluate import evaluate
from core.losses import resolve
from core.model import TrainedModel
from core.training.trainer import Trainer

TELL_SECONDS = 0.1
Tell = Callable[[FoldProgress], None]


def fold_seed(seed: int, fold: int) -> int:
    """The seed of that fold's run: each fold has its own first weights and its own order of batches."""
    return keys.key(seed, "fold", fold) % 2**31


def fold_tasks(task: TrainingTask, folds: Sequence[Prepared]) -> tuple[TrainingTask, ...]:
    """The same network and settings for every fold, from fresh weights.

    A category may be unknown in the training rows of a fold, so its network may have fewer inputs.
    """
    return tuple(
        replace(
            task, network=suggest.fitted(task.network, prepared, task.config), prepared=prepared, weights=None,
            config=replace(task.config, seed=fold_seed(task.config.seed, k)), checkpoint_folder="", resume_from="",
        )
        for k, prepared in enumerate(folds)
    )  # fmt: skip


def cross_validate(
    tasks: Sequence[TrainingTask], backend: BackendInfo, *, go_on: Callable[[], bool] = lambda: True,
    tell: Tell = lambda progress: None,
) -> CrossValidation | None:  # fmt: skip
    """Train and measure one task after the other, each of which has validation rows.

    go_on: asked before every batch; where it says no, the result is None. tell: is told now and then how far it is.
    The same tasks on the same machine and backend give the same result. Nothing of another run is touched.
    Raises UserInputError where a task cannot be trained at all.
    """
    results: list[FoldResult] = []
    teller = _Teller(tell, len(tasks))
    for k, task in enumerate(tasks):
        trainer = Trainer(task, backend)
        teller.begin(k, trainer, results[-1] if results else None)
        while not trainer.ended:
            if not go_on():
                return None
            trainer.train_batch()
            teller.go_on()
        results.append(_result(k, trainer))
    return CrossValidation.of(tasks[0].prepared.task, results)


def _result(fold: int, trainer: Trainer) -> FoldResult:
    at, prepared = trainer.progress, trainer.task.prepared
    losses, metrics = (trainer.curves.get(f"{name}/validation") for name in ("loss", "metric"))
    scored = trainer.ended != "diverged"
    return FoldResult(
        fold=fold,
        rows=dict(prepared.rows),
        ended=trainer.ended,
        message=trainer.message,
        epochs=at.epoch,
        best_epoch=at.best_epoch,
        seconds=at.seconds,
        validation=_baseline(_scores(trainer, "validation")) if scored else {},
        test=_scores(trainer, "test") if scored else {},
        losses=None if losses is None else losses.curve(),
        metrics=None if metrics is None else metrics.curve(),
        steps_per_epoch=trainer.steps_per_epoch,
    )


def _baseline(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name.startswith("baseline")}


def _scores(trainer: Trainer, name: str) -> dict[str, float]:
    """Metrics of the weights that a run keeps, on one part; none where it has no rows."""
    task = trainer.task
    part = getattr(store.load(task.prepared), name)
    if not len(part.x):
        return {}
    loss = resolve(task.config.loss, task.prepared.task, len(task.prepared.classes)).kind
    model = TrainedModel(f"fold {name}", task.network, trainer.weights(best=True), task.prepared.preparation, loss)
    return dict(evaluate(model, part, name).metrics)


class _Teller:
    """Tells now and then how far all folds are."""

    def __init__(self, tell: Tell, folds: int) -> None:
        self._tell, self._folds = tell, folds
        self._began, self._told = time.monotonic(), 0.0

    def begin(self, fold: int, trainer: Trainer, before: FoldResult | None) -> None:
        self._fold, self._trainer = fold, trainer
        self._say(before)

    def go_on(self) -> None:
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._say(None)

    def _say(self, before: FoldResult | None) -> None:
        trainer, now = self._trainer, time.monotonic()
        at, epochs = trainer.progress, trainer.config.epochs
        part = min(1.0, (at.epoch + at.cursor / len(trainer.train.x)) / epochs)
        fraction = (self._fold + part) / self._folds
        left = (now - self._began) * (1.0 / fraction - 1.0) if fraction > 0 else None
        curve = trainer.curves.get("loss/validation")
        self._told = now
        self._tell(
            FoldProgress(
                self._fold, self._folds, at.epoch, epochs, fraction, left, None if curve is None else curve.curve(),
                trainer.steps_per_epoch, before,
            )
        )  # fmt: skip
