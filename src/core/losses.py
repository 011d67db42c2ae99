"""Losses: what training minimizes, with the gradient by the network's raw output.

`forward(ops, z, t)` gives the mean over the batch and a cache; `backward(ops, cache)` gives dz. z: (batch, outputs).
`answers` turns raw outputs into what a person reads: probabilities or values.

For regression t is scaled to mean 0 and deviation 1, so a margin of 1 in a loss is one standard deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from core.data.preprocess import NumberTarget, Target
from core.errors import UserInputError

Array = Any


@dataclass(frozen=True)
class Loss:
    """kind and label; task it serves, "classification", "labels" or "regression"; help: when to choose it."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    task: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        """Mean loss of the batch, a scalar array, and what `backward` needs."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, ops: Any, cache: Any) -> Array:
        """dz, the gradient of the mean loss by z."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """Class probabilities (rows, classes), or values (rows, outputs) in the scaled unit."""
        return outputs

    def of_target(self, target: Target) -> Loss:
        """The loss as it acts on this target: one that asks for the unit of the target learns it here."""
        return self

    def check(self, t: np.ndarray) -> None:
        """Raises UserInputError where the loss has no meaning for these targets, prepared as for training."""

    def tuned(self, *, smoothing: float, class_weights: tuple[float, ...]) -> Loss:
        """The loss with these settings of the training; one that has no use for them stays as it is."""
        return self

    def balanced(self, t: np.ndarray, classes: int) -> tuple[float, ...]:
        """The class weights with which what is rare in these targets counts as much as what is frequent."""
        return ()


@dataclass(frozen=True)
class _CrossEntropy(Loss):
    """What all cross-entropies share.

    smoothing ε: targets are mixed with ε of the uniform distribution (Szegedy et al. 2016, §7). class_weights: one w_k
    for each class, () = all 1. The sum is divided by the batch, not by the weights in it, so that the gradient of a
    mini-batch is an unbiased estimate of that of all rows.
    """

    task = "classification"

    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()

    def tuned(self, *, smoothing: float, class_weights: tuple[float, ...]) -> Self:
        return replace(self, smoothing=smoothing, class_weights=class_weights)

    def balanced(self, t: np.ndarray, classes: int) -> tuple[float, ...]:
        return balanced_weights(t, classes)


@dataclass(frozen=True)
class SoftmaxCrossEntropy(_CrossEntropy):
    """loss = mean_i Σ_k a_ik (log Σ_j exp z_ij - z_ik), dz = (softmax(z) Σ_k a_ik - a) / batch.

    t: (batch,) class indices; a_ik = w_k ((1 - ε) [k = t_i] + ε / classes), the one-hot target where nothing is
    smoothed or weighted. The largest z is subtracted first, so that nothing overflows (Goodfellow et al. 2016, §4.1,
    §6.2.2.3).
    """

    kind = "softmax_cross_entropy"
    label = "Cross-entropy"
    help = "Minus the logarithm of the true class's probability: the usual loss for classes."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        shifted = z - ops.max_last(z)
        exp = ops.exp(shifted)
        total = ops.sum_last(exp)
        a, mass = self._target(ops, t, z.shape[-1])
        logs = ops.log(total)
        loss = ((ops.sum(logs) if mass is None else ops.inner(logs, mass)) - ops.inner(shifted, a)) / z.shape[0]
        return loss, (exp, total, a, mass)

    def _target(self, ops: Any, t: Array, classes: int) -> tuple[Array, Any]:
        """(a, Σ_k a or None where it is 1)."""
        a = ops.one_hot(t, classes)
        if self.smoothing:
            a = a * (1.0 - self.smoothing) + self.smoothing / classes
        if not self.class_weights:
            return a, None
        a = a * ops.array(np.array(self.class_weights))
        return a, ops.sum_last(a)

    def backward(self, ops: Any, cache: Any) -> Array:
        exp, total, a, mass = cache
        p = exp / total if mass is None else exp * (mass / total)
        return ops.imul(ops.isub(p, a), 1.0 / a.shape[0])

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        return _softmax(outputs)


def _softmax(outputs: np.ndarray) -> np.ndarray:
    exp = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class BinaryCrossEntropy(_CrossEntropy):
    """loss = mean w_t (max(z, 0) - z s + log(1 + exp(-|z|))), dz = w_t (σ(z) - s) / batch; t: (batch,) of 0 and 1.

    s = (1 - ε) t + ε/2. On logits, in the form that cannot overflow (Goodfellow et al. 2016, §6.2.2.2).
    """

    kind = "binary_cross_entropy"
    label = "Binary cross-entropy"
    help = "Cross-entropy for two classes with a single output: the logit of the second class."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        t = t.reshape(z.shape).astype(z.dtype)
        no, yes = self.class_weights or (1.0, 1.0)
        w = no + t * (yes - no) if self.class_weights else 1.0
        s = t * (1.0 - self.smoothing) + 0.5 * self.smoothing if self.smoothing else t
        each = ops.maximum(z, 0.0) - z * s + ops.log1p(ops.exp(-ops.abs(z)))
        return ops.sum(each * w) / z.shape[0], (z, s, w)

    def backward(self, ops: Any, cache: Any) -> Array:
        z, s, w = cache
        return (ops.sigmoid(z) - s) * (w * (1.0 / z.shape[0]))

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        one = 0.5 * np.tanh(0.5 * outputs) + 0.5
        return np.concatenate([1.0 - one, one], axis=-1)


@dataclass(frozen=True)
class MultiLabelCrossEntropy(_CrossEntropy):
    """Binary cross-entropy of each label by itself, for rows with any number of them; t: (batch, labels) of 0 and 1.

    loss = mean over batch and labels of (1 - s) z + l (max(-z, 0) + log(1 + exp(-|z|))), l = 1 + (w_k - 1) s, and
    dz = (l σ(z) - w_k s) / (batch · labels), with s = (1 - ε) t + ε/2: minus w_k s log σ(z) + (1 - s) log(1 - σ(z)),
    in the form that cannot overflow (Goodfellow et al. 2016, §6.2.2.2). w_k: how much more a row that has label k
    counts than one that has not; balanced, as many times as the label is rarer than its absence.
    """

    kind = "multi_label_cross_entropy"
    label = "Multi-label cross-entropy"
    task = "labels"
    help = "Cross-entropy of every label by itself: a row may have several labels, or none."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        t = t.astype(z.dtype)
        s = t * (1.0 - self.smoothing) + 0.5 * self.smoothing if self.smoothing else t
        w = ops.array(np.array(self.class_weights)) if self.class_weights else 1.0
        factor = s * (w - 1.0) + 1.0
        each = (1.0 - s) * z + factor * (ops.maximum(-z, 0.0) + ops.log1p(ops.exp(-ops.abs(z))))
        return ops.sum(each) / (z.shape[0] * z.shape[1]), (z, s, w, factor)

    def backward(self, ops: Any, cache: Any) -> Array:
        z, s, w, factor = cache
        return (factor * ops.sigmoid(z) - s * w) * (1.0 / (z.shape[0] * z.shape[1]))

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of every label: (rows, labels), each by itself."""
        return 0.5 * np.tanh(0.5 * outputs) + 0.5

    def balanced(self, t: np.ndarray, classes: int) -> tuple[float, ...]:
        have = np.count_nonzero(t, axis=0)
        return tuple((len(t) - int(n)) / int(n) if 0 < n < len(t) else 1.0 for n in have)


@dataclass(frozen=True)
class Hinge(Loss):
    """loss = mean_i Σ_{k ≠ t_i} max(0, 1 + z_ik - z_i,t_i)  (Weston and Watkins 1999); t: (batch,) class indices.

    dz_ik = [1 + z_ik > z_i,t_i] / batch for k ≠ t_i, dz_i,t_i = minus their sum. The largest output is the answer;
    softmax makes shares of the outputs, which are no calibrated probabilities.
    """

    kind = "hinge"
    label = "Hinge"
    task = "classification"
    help = "Asks the true class to lead by a margin of 1, and no more. Its shares are not calibrated probabilities."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        hot = ops.one_hot(t, z.shape[-1])
        margins = (z - ops.sum_last(z * hot) + 1.0) * (1.0 - hot)
        return ops.sum(ops.maximum(margins, 0.0)) / z.shape[0], (margins, hot)

    def backward(self, ops: Any, cache: Any) -> Array:
        margins, hot = cache
        over = (margins > 0).astype(hot.dtype)
        return (over - hot * ops.sum_last(over)) * (1.0 / hot.shape[0])

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        return _softmax(outputs)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """loss = mean over batch and outputs of (z - t)², dz = 2 (z - t) / (batch · outputs); t: like z."""

    kind = "mse"
    label = "Mean squared error"
    task = "regression"
    help = "The usual loss for numbers: finds the mean. One value far off weighs much."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        error = z - t
        return ops.sum(ops.square(error)) / (z.shape[0] * z.shape[1]), error

    def backward(self, ops: Any, cache: Any) -> Array:
        return cache * (2.0 / (cache.shape[0] * cache.shape[1]))


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """loss = mean over batch and outputs of |z - t|, dz = sign(z - t) / (batch · outputs); t: like z."""

    kind = "mae"
    label = "Mean absolute error"
    task = "regression"
    help = "Finds the median: values far off count no more than their distance."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        error = z - t
        return ops.sum(ops.abs(error)) / (z.shape[0] * z.shape[1]), error

    def backward(self, ops: Any, cache: Any) -> Array:
        return ops.sign(cache) * (1.0 / (cache.shape[0] * cache.shape[1]))


@dataclass(frozen=True)
class Huber(Loss):
    """loss = mean of e²/2 where |e| ≤ 1, else |e| - 1/2, with e = z - t  (Huber 1964, δ = 1); t: like z.

    dz = e where |e| ≤ 1, else sign(e), divided by (batch · outputs). With c = min(|e|, 1) the loss is c (|e| - c/2).
    """

    kind = "huber"
    label = "Huber"
    task = "regression"
    help = "Squared for errors up to one standard deviation of the target, straight beyond: outliers pull less."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        error = z - t
        size = ops.abs(error)
        near = 1.0 - ops.maximum(1.0 - size, 0.0)
        return ops.sum(near * (size - 0.5 * near)) / (z.shape[0] * z.shape[1]), (error, near)

    def backward(self, ops: Any, cache: Any) -> Array:
        error, near = cache
        return ops.sign(error) * near * (1.0 / (error.shape[0] * error.shape[1]))


@dataclass(frozen=True)
class LogCosh(Loss):
    """loss = mean of log cosh e, dz = tanh(e) / (batch · outputs), with e = z - t; t: like z.

    log cosh e = |e| + log(1 + exp(-2|e|)) - log 2, which cannot overflow.
    """

    kind = "log_cosh"
    label = "Log-cosh"
    task = "regression"
    help = "Like Huber, but smooth everywhere: about e²/2 near zero and |e| - log 2 far out."

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        error = z - t
        size = ops.abs(error)
        each = size + ops.log1p(ops.exp(-2.0 * size))
        return ops.sum(each) / (z.shape[0] * z.shape[1]) - math.log(2.0), error

    def backward(self, ops: Any, cache: Any) -> Array:
        return ops.tanh(cache) * (1.0 / (cache.shape[0] * cache.shape[1]))


@dataclass(frozen=True)
class Poisson(Loss):
    """loss = mean(exp(z) - u z), dz = (exp(z) - u) / (batch · outputs), with u = y / scale = t + offset ≥ 0.

    Minus the log-likelihood of counts y with rate scale · exp(z), constants left out (McCullagh and Nelder 1989, §6). t
    is the scaled target (y - mean) / scale, so offset = mean / scale; the answer in the scaled unit is exp(z) - offset.
    """

    kind = "poisson"
    label = "Poisson"
    task = "regression"
    help = "For counts: the network answers the logarithm of the expected count, so no answer is negative."

    offset: float = 0.0

    def of_target(self, target: Target) -> Loss:
        return replace(self, offset=target.mean / target.scale) if isinstance(target, NumberTarget) else self

    def check(self, t: np.ndarray) -> None:
        if len(t) and float(t.min()) + self.offset < -1e-4:
            raise UserInputError(
                "The Poisson loss is for counts, but the target has negative values.",
                remedy="Set the loss to Auto.",
            )

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        u = t + self.offset
        rate = ops.exp(z)
        return ops.sum(rate - u * z) / (z.shape[0] * z.shape[1]), (rate, u)

    def backward(self, ops: Any, cache: Any) -> Array:
        rate, u = cache
        return (rate - u) * (1.0 / (rate.shape[0] * rate.shape[1]))

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        return np.exp(outputs) - self.offset


LOSSES: dict[str, Loss] = {
    loss.kind: loss
    for loss in (
        SoftmaxCrossEntropy(), BinaryCrossEntropy(), MultiLabelCrossEntropy(), Hinge(),
        MeanSquaredError(), MeanAbsoluteError(), Huber(), LogCosh(), Poisson(),
    )
}  # fmt: skip

# A target of several labels has one loss, which "auto" finds: there is nothing to choose.
CHOSEN = [loss for loss in LOSSES.values() if loss.task != "labels"]
CHOICES: tuple[tuple[str, str], ...] = (("auto", "Auto"), *((loss.kind, loss.label) for loss in CHOSEN))
AUTO = {"classification": SoftmaxCrossEntropy.kind, "labels": MultiLabelCrossEntropy.kind, "regression": "mse"}
WANTED = {"classification": "classes", "labels": "several labels", "regression": "numbers"}


def balanced_weights(t: np.ndarray, classes: int) -> tuple[float, ...]:
    """w_k = rows / (classes · rows of class k), 0 for a class without rows: every class counts alike.

    t: (rows,) class indices (King and Zeng 2001).
    """
    counts = np.bincount(t, minlength=classes)
    return tuple(len(t) / (classes * int(n)) if n else 0.0 for n in counts)


class Settings(Protocol):
    """What training settings say to a loss."""

    @property
    def label_smoothing(self) -> float: ...
    @property
    def class_weights(self) -> str: ...


def fitted(loss: Loss, settings: Settings, t: np.ndarray, classes: int) -> Loss:
    """The loss to train with; class weights come from the training rows' targets t, so that the others stay unseen.

    Raises UserInputError where the loss has no meaning for t.
    """
    loss.check(t)
    weights = loss.balanced(t, classes) if settings.class_weights == "balanced" else ()
    return loss.tuned(smoothing=settings.label_smoothing, class_weights=weights)


def loss_for(kind: str) -> Loss:
    """Raises UserInputError for an unknown kind."""
    if kind not in LOSSES:
        raise UserInputError(f"Unknown loss {kind!r}.", remedy=f"Use one of: {', '.join(LOSSES)}.")
    return LOSSES[kind]


def resolve(kind: str, task: str, classes: int) -> Loss:
    """The loss for a task, "auto" decided; raises UserInputError where it cannot serve the target."""
    loss = loss_for(AUTO[task] if kind == "auto" else kind)
    if loss.task != task:
        raise UserInputError(f"{loss.label} does not fit a target of {WANTED[task]}.", remedy="Set the loss to Auto.")
    if loss.kind == "binary_cross_entropy" and classes != 2:
        raise UserInputError(
            f"Binary cross-entropy needs two classes; the target has {classes}.",
            remedy="Set the loss to Cross-entropy.",
        )
    return loss


def choices_for(task: str, classes: int) -> tuple[tuple[str, str], ...]:
    """Those of `CHOICES` that can serve such a target."""

    def serves(kind: str) -> bool:
        try:
            return bool(resolve(kind, task, classes))
        except UserInputError:
            return False

    return tuple((kind, label) for kind, label in CHOICES if serves(kind))


def outputs_for(loss: Loss, classes: int) -> int:
    """Units that the last layer needs: one per class or label, or one."""
    return classes if loss.task != "regression" and loss.kind != "binary_cross_entropy" else 1
