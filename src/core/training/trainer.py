"""The training loop: mini-batches in keyed order, validation after every epoch, early stopping, the best weights kept.

A `Trainer` is driven one batch at a time by one thread, which owns every backend array.
"""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import forecast, keys
from core.backend.choose import BackendInfo
from core.budget import allowed_memory, physical_memory
from core.data import store
from core.data.augmentation import Augmenter
from core.data.preprocess import NumberTarget
from core.data.schema import Part, Prepared
from core.engine.messages import TrainingTask, Weights
from core.errors import UserInputError
from core.losses import Loss, fitted, outputs_for, resolve
from core.metrics import RMSE, Accuracy, Metric, MicroF1
from core.network import Network
from core.spec import TrainingConfig
from core.training import divergence
from core.training.series import Series, series_for
from core.training.snapshot import METRICS, History, Mark
from core.training.step import NumpyStep, same_shape
from core.training.train_rows import TrainRows
from core.validation import check

SAMPLE_SECONDS = 0.002  # gradient norms and train metrics are taken at most this often: they decide nothing
SAMPLE_SHARE = 0.05  # of the time, at most, goes into taking them
COPY_BYTES = 4 << 20  # training rows up to this size are reordered once an epoch instead of gathered at every batch
EVALUATE_ROWS = 8192
COPIES = 4  # of all parameters that a run keeps beside the step's own: start, best, last finite, sampled
WATCHED = {  # settings whose change is marked in the plots
    "learning_rate": "learning rate", "batch_size": "batch size", "dropout": "dropout", "l1": "L1", "l2": "L2",
    "clip_norm": "clip by norm", "clip_value": "clip by value", "max_norm": "max-norm", "accumulate": "accumulate",
    "epochs": "epochs", "early_stopping": "early stopping",
}  # fmt: skip
MOST_COPIED = 1 << 30


@dataclass
class Progress:
    """Where a run stands; all of it is in a checkpoint.

    cursor: rows of the present epoch that are used up. patient_from: epoch from which early stopping counts at least.
    reductions: how often a schedule lowered the learning rate because of the loss; reduced_at: after which epoch.
    """

    epoch: int = 0
    cursor: int = 0
    step: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    patient_from: int = 0
    seconds: float = 0.0
    reductions: int = 0
    reduced_at: int = 0


def make_step(backend: str, network: Network, loss: Loss, config: TrainingConfig, start: Any) -> Any:
    """A `NumpyStep` or `MlxStep`; MLX is imported only here, after it was probed."""
    if backend == "mlx":
        from core.backend.mlx_step import MlxStep

        return MlxStep(network, loss, config, start)
    return NumpyStep(network, loss, config, start)


def end_thread(backends: set[str]) -> None:
    """To be called by a thread that trained on these backends before it ends."""
    if "mlx" in backends:
        from core.backend.mlx_step import end_thread

        end_thread()


class Trainer:
    """state: "running" until `ended` is "finished" or "diverged"; `message` then says why, `remedy` what to change."""

    def __init__(self, task: TrainingTask, backend: BackendInfo) -> None:
        self.task, self.backend = task, backend
        self.config = task.config
        prepared = task.prepared
        self.loss = resolve(self.config.loss, prepared.task, len(prepared.classes))
        self.loss = self.loss.of_target(prepared.preparation.target)
        self.network = Network.of(task.network, self.config)
        self._check_fit(prepared)
        arrays = store.load(prepared)
        room = _room()
        self.train = _in_memory(arrays.train, room)
        self.validation = _in_memory(arrays.validation, room - self.train.x.nbytes)
        if len(self.train.x) == 0:
            raise UserInputError(
                "There are no rows to train on.", where="data", remedy="Lower the validation and test shares."
            )
        self._check_memory()
        self.loss = fitted(self.loss, self.config, self.train.y, len(prepared.classes))
        self.step = make_step(backend.name, self.network, self.loss, self.config, self._start())
        self.progress = Progress()
        self.curves: dict[str, Series] = {}
        self.marks: list[Mark] = []
        self.best: np.ndarray | None = None
        self._order_epoch = -1
        self._train_rows = TrainRows(len(self.train.x))
        self._vary = augmenter(task, self.config.seed, len(self.train.x))
        self.ended, self.message = "", ""
        self.remedy: dict[str, float] = {}
        self._good = self.step.flat()
        self._sample_at = self._measure_at = 0.0
        self.norms: dict[str, tuple[float, float, float]] = {}  # by layer, as last sampled: see `NumpyStep.norms`

    def _check_fit(self, prepared: Prepared) -> None:
        shape, outputs = self.network.nodes[0].layer.output_shape(), self.network.output_shape
        wanted = (outputs_for(self.loss, len(prepared.classes)),)
        if shape != prepared.row_shape:
            sizes, row = ("×".join(str(n) for n in each) for each in (shape, prepared.row_shape))
            raise UserInputError(f"The input takes {sizes} values, a row of the data has {row}.", where="network")
        report = check(self.task.network, codes=prepared.preparation.embedded)
        if not report.ok:
            badge = next(b for b in report.badges if b.severity == "error")
            remedy = f"{badge.fix.label}." if badge.fix else ""
            where = self.task.network.layer(badge.layer_id).name
            raise UserInputError(f"{badge.title}.", where=where, reason=badge.text, remedy=remedy)
        if outputs != wanted:
            raise UserInputError(
                f"The last layer gives {outputs[0]} outputs; {prepared.target} needs {wanted[0]}.", where="network",
                remedy=f"Set its units to {wanted[0]}.",
            )  # fmt: skip

    def _check_memory(self) -> None:
        """Refuse before anything is allocated: a system that promises more than it has kills the process later."""
        network, memory = self.task.network, physical_memory()
        batch = max(1, -(-self.batch_rows // self.config.accumulate))
        cost = forecast.network_cost(network, check(network), optimizer=self.config.optimizer, batch=batch)
        needed = cost.memory + COPIES * cost.parameter_bytes
        if memory is not None and needed > memory:
            text, there = forecast.bytes_text(needed), forecast.bytes_text(memory)
            raise UserInputError(
                "This network is too large for this computer.", where="network",
                reason=f"Training it takes about {text}; this computer has {there}.",
                remedy="Use fewer units, or a smaller batch.",
            )  # fmt: skip

    def _start(self) -> Any:
        """Fresh weights, with those of the task for every layer whose shapes still match."""
        fresh = self.network.init(self.config.seed)
        given = self.task.weights or {}
        return {
            id: given[id] if id in given and same_shape(given[id], arrays) else arrays for id, arrays in fresh.items()
        }

    # --- settings

    @property
    def batch_rows(self) -> int:
        """Rows per step: at most all of them, which is also what 0 means."""
        rows = len(self.train.x)
        return min(self.config.batch_size * self.config.accumulate or rows, rows)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.train.x) // self.batch_rows)

    @property
    def epoch_steps_left(self) -> int:
        """Steps to the end of the present epoch at the present batch size."""
        return -(-(len(self.train.x) - self.progress.cursor) // self.batch_rows)

    @functools.cached_property
    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest of every input over the training rows, looked for once: there may be many rows."""
        return self.train.x.min(axis=0), self.train.x.max(axis=0)

    @property
    def learning_rate(self) -> float:
        """Of the next step: that of the settings as the schedule bends it."""
        at, config, steps = self.progress, self.config, self.steps_per_epoch
        step = at.epoch * steps + at.cursor / self.batch_rows
        rate = config.schedule.rate(step, config.epochs * steps, config.learning_rate)
        return rate * config.schedule.reduced(at.reductions)

    def change(self, config: TrainingConfig) -> None:
        """New settings from the next batch on. Seed, loss and backend belong to the run and stay."""
        config = config.within(self.config)
        if config == self.config:
            return
        texts = [
            f"{word} {_short(getattr(self.config, name))} → {_short(getattr(config, name))}"
            for name, word in WATCHED.items()
            if getattr(config, name) != getattr(self.config, name)
        ]
        if config.optimizer != self.config.optimizer:
            texts.append(f"optimizer {config.optimizer.label}")
        if config.schedule != self.config.schedule:
            texts.append(f"schedule {config.schedule.label}")
        self.marks.append(Mark(self.progress.step, ", ".join(texts)))
        self.config = config
        self.network = Network.of(self.task.network, config)
        self.step.configure(self.network, config)

    # --- training

    def train_batch(self) -> None:
        """One optimizer step; at the end of an epoch also validation. Does nothing once ended."""
        if self.ended:
            return
        began = time.perf_counter()
        at = self.progress
        before = self.step.held() if began >= self._sample_at else None
        rate = self.learning_rate
        loss, penalty = self._advance(rate)
        if not math.isfinite(loss + penalty):
            self._diverge("penalty" if math.isfinite(loss) else "loss", loss + penalty)
            return
        self._add("loss/train", loss)
        self._add("learning_rate", rate)
        if penalty or "penalty" in self.curves:
            self._add("penalty", penalty)
        if before is not None:
            self._sample(before)
            if broken := divergence.broken(self.norms):
                self._diverge("gradient", broken)
                return
        if at.cursor >= len(self.train.x):
            self._end_epoch()
        at.seconds += time.perf_counter() - began

    def _advance(self, rate: float) -> tuple[float, float]:
        """(loss, penalty) of the next batch, trained on at this learning rate."""
        at = self.progress
        x, t = self._batch()
        key = keys.key(self.config.seed, keys.LAYER, at.epoch, at.step) if self.network.stochastic else 0
        found: tuple[float, float] = self.step(x, t, rate, key)
        at.step += 1
        at.cursor += len(x)
        return found

    def try_rate(self, rate: float) -> float:
        """The loss of the next batch, penalty included, trained on at this rate: no curves, no validation, no end."""
        at = self.progress
        if at.cursor >= len(self.train.x):
            at.epoch, at.cursor = at.epoch + 1, 0
        return sum(self._advance(rate))

    def _batch(self) -> tuple[np.ndarray, np.ndarray]:
        at, rows = self.progress, len(self.train.x)
        if self._order_epoch != at.epoch:
            order = keys.generator(keys.key(self.config.seed, keys.SHUFFLE, at.epoch)).permutation(rows)
            self._order, self._order_epoch = order, at.epoch
            small = self.train.x.nbytes <= COPY_BYTES
            self._shuffled = (self.train.x[order], self.train.y[order]) if small else None
        span = slice(at.cursor, at.cursor + self.batch_rows)
        chosen = self._order[span]
        if self._shuffled is not None:
            x, t = self._shuffled[0][span], self._shuffled[1][span]
        else:
            x, t = np.take(self.train.x, chosen, axis=0), np.take(self.train.y, chosen, axis=0)
        return (x, t) if self._vary is None else (self._vary(x, epoch=at.epoch, rows=chosen), t)

    def _add(self, name: str, value: float) -> None:
        series = self.curves.get(name)
        if series is None:
            series = self.curves[name] = series_for(name)
        series.append(self.progress.step, value)

    def _sample(self, before: Any) -> None:
        """Norm of every layer's gradient and the size of its update beside its weights."""
        began = time.perf_counter()
        self.norms = self.step.norms(before)
        for id, (gradient, weights, update) in self.norms.items():
            self._add(f"gradient/{id}", gradient)
            if weights > 0:
                self._add(f"ratio/{id}", update / weights)
        self._sample_at = next_sample(began)

    def _end_epoch(self) -> None:
        at = self.progress
        at.epoch += 1
        at.cursor = 0
        flat = self.step.flat()
        if not np.isfinite(flat).all():
            trained = flat[: self.step.layout.trained]
            what = "running statistics" if np.isfinite(trained).all() else "weights"
            self._diverge(what, float(flat[~np.isfinite(flat)][0]))
            return
        if len(self.validation.x):
            loss, metric = self.measure(self.validation)
            if not math.isfinite(loss):
                self._diverge("validation loss", loss)
                return
            self._add("loss/validation", loss)
            self._add("metric/validation", metric)
            if loss < at.best_loss:
                at.best_loss, at.best_epoch, self.best = loss, at.epoch, flat
            elif self.config.schedule.is_due(at.epoch - max(at.best_epoch, at.reduced_at)):
                at.reductions, at.reduced_at = at.reductions + 1, at.epoch
        began = time.perf_counter()
        due = began >= self._measure_at or at.epoch >= self.config.epochs
        if rows := self._train_rows.after_epoch(at.seconds, due=due):
            self._add("metric/train", self.measure(_head(self.train, rows))[1])
            self._measure_at = next_sample(began)
        self._good = flat
        self._maybe_finish()

    def _maybe_finish(self) -> None:
        at, patience = self.progress, self.config.early_stopping
        if patience and len(self.validation.x) and self._waited() >= patience:
            self.ended = "finished"
            self.message = (
                f"Stopped early: no better validation loss for {epochs_text(patience)}. Best was epoch {at.best_epoch}."
            )
        elif at.epoch >= self.config.epochs:
            self.ended = "finished"
            best = f" Weights of epoch {at.best_epoch}, the best by validation loss." if self.best is not None else ""
            self.message = f"Trained {epochs_text(at.epoch)}.{best}"

    def _waited(self) -> int:
        """Epochs since the best validation loss."""
        return self.progress.epoch - max(self.progress.best_epoch, self.progress.patient_from)

    def _diverge(self, what: str, value: float) -> None:
        self.ended = "diverged"
        self.message, self.remedy = divergence.told(self, what, value)

    def measure(self, part: Part) -> tuple[float, float]:
        """(mean loss, metric) of rows without anything random: the metric is called `metric_name`."""
        rows, total = len(part.x), 0.0
        numbers = self.loss.task == "regression"
        metric: Metric = RMSE() if numbers else MicroF1(cut=0.0) if self.loss.task == "labels" else Accuracy()
        at_once = forecast.rows_at_once(self.network.shapes, EVALUATE_ROWS)
        for i in range(0, rows, at_once):
            x, t = part.x[i : i + at_once], part.y[i : i + at_once]
            loss, outputs = self.step.evaluate(x, t)
            total += loss * len(x)
            metric.update(self.loss.answers(outputs) if numbers else outputs, t)
        target, value = self.task.prepared.preparation.target, metric.value()
        if isinstance(target, NumberTarget):
            return total / rows, value * target.scale if math.isfinite(value) else math.inf
        return total / rows, value

    # --- what came out

    @property
    def metric_name(self) -> str:
        """Of classes the accuracy, of several labels the micro F1, of numbers the RMSE in the target's unit."""
        return METRICS[self.loss.task]

    def history(self) -> History:
        return History({name: series.curve() for name, series in self.curves.items()}, tuple(self.marks))

    def resume_at(self, progress: Progress, best: np.ndarray | None) -> None:
        """Stand there; the step's parameters were restored before."""
        self.progress, self.best, self._good = progress, best, self.step.flat()
        self._train_rows = TrainRows(len(self.train.x), since=progress.seconds)

    def go_on(self, *, changed: bool) -> None:
        """Of a run that stands where it had ended: with the same settings it ends again, with others it goes on.

        It may have been killed between its last checkpoint and the news of its end.
        """
        at, patience = self.progress, self.config.early_stopping
        if changed and patience and self._waited() >= patience:
            at.patient_from = at.epoch  # going on means being patient anew
        elif not changed and at.step and at.cursor == 0:
            self._maybe_finish()

    def keep_best(self) -> None:
        """Of a run that ended: make the weights that are kept the present ones."""
        self.step.restore(self._flat(best=True), self.step.slot_arrays(), self.step.count)

    def _flat(self, *, best: bool) -> np.ndarray:
        if best and self.best is not None:
            return self.best
        flat = self.step.flat()
        return flat if self.ended != "diverged" and np.isfinite(flat).all() else self._good

    @property
    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return bool(np.isfinite(self.step.flat()).all())

    def weights(self, *, best: bool) -> Weights:
        """Weights by layer: the best by validation loss where there are any, or the present ones (the last finite)."""
        return self.step.layout.views(self._flat(best=best).copy())


def augmenter(task: TrainingTask, seed: int, rows: int) -> Augmenter | None:
    """What varies the training rows, or None where nothing does."""
    if not task.augmentation:
        return None
    preparation = task.prepared.preparation
    numbers = None if preparation.image is not None else preparation.numbers
    return Augmenter(task.augmentation, seed=seed, total=rows, columns=numbers)


def epochs_text(n: int) -> str:
    """ "1 epoch", "2,000 epochs"."""
    return f"{n:,} epoch{'' if n == 1 else 's'}"


def next_sample(began: float) -> float:
    """When the next sample is due, given when this one began: rarely enough that all of them cost little."""
    now = time.perf_counter()
    return now + max(SAMPLE_SECONDS, (now - began) / SAMPLE_SHARE)


def _room() -> int:
    """Bytes of rows that may be copied out of the memory map."""
    return min(MOST_COPIED, (allowed_memory() or 8 * MOST_COPIED) // 8)


def _in_memory(part: Part, room: int) -> Part:
    """Rows leave the memory map, so that batches need no page faults, where they fit into `room` bytes.

    Measuring takes them in pieces, in their order, so that those that stay cost little more.
    """
    if part.x.nbytes > room:
        return part
    try:
        return Part(np.array(part.x), np.array(part.y), part.row_numbers)
    except MemoryError:
        return part


def _head(part: Part, rows: int) -> Part:
    return Part(part.x[:rows], part.y[:rows], part.row_numbers[:rows])


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
