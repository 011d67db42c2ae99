"""Losses: what training minimizes, with the gradient by the network's raw output.

`forward(ops, z, t)` gives the mean over the batch and a cache; `backward(ops, cache)` gives dz. z: (batch, outputs).
`answers` turns raw outputs into what a person reads: probabilities or values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core.errors import UserInputError

Array = Any


@dataclass(frozen=True)
class Loss:
    """kind and label; task it serves, "classification" or "regression"."""

    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    task: ClassVar[str] = ""

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        """Mean loss of the batch, a scalar array, and what `backward` needs."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, ops: Any, cache: Any) -> Array:
        """dz, the gradient of the mean loss by z."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """Class probabilities (rows, classes), or values (rows, outputs) in the scaled unit."""
        return outputs


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """loss = mean_i( log Σ_k exp z_ik - z_i,t_i ), dz = (softmax(z) - onehot(t)) / batch; t: (batch,) class indices.

    The largest z is subtracted first, so that nothing overflows (Goodfellow et al. 2016, §4.1, §6.2.2.3).
    """

    kind = "softmax_cross_entropy"
    label = "Cross-entropy"
    task = "classification"

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        shifted = z - ops.max_last(z)
        exp = ops.exp(shifted)
        total = ops.sum_last(exp)
        hot = ops.one_hot(t, z.shape[-1])
        loss = (ops.sum(ops.log(total)) - ops.sum(shifted * hot)) / z.shape[0]
        return loss, (exp, total, hot)

    def backward(self, ops: Any, cache: Any) -> Array:
        exp, total, hot = cache
        return ops.imul(exp / total - hot, 1.0 / hot.shape[0])

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        exp = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return exp / exp.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """loss = mean( max(z, 0) - z t + log(1 + exp(-|z|)) ), dz = (σ(z) - t) / batch; t: (batch,) of 0 and 1.

    On logits, in the form that cannot overflow (Goodfellow et al. 2016, §6.2.2.2).
    """

    kind = "binary_cross_entropy"
    label = "Binary cross-entropy"
    task = "classification"

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        t = t.reshape(z.shape).astype(z.dtype)
        each = ops.maximum(z, 0.0) - z * t + ops.log1p(ops.exp(-ops.abs(z)))
        return ops.sum(each) / z.shape[0], (z, t)

    def backward(self, ops: Any, cache: Any) -> Array:
        z, t = cache
        return (ops.sigmoid(z) - t) * (1.0 / z.shape[0])

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        one = 0.5 * np.tanh(0.5 * outputs) + 0.5
        return np.concatenate([1.0 - one, one], axis=-1)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """loss = mean over batch and outputs of (z - t)², dz = 2 (z - t) / (batch · outputs); t: like z."""

    kind = "mse"
    label = "Mean squared error"
    task = "regression"

    def forward(self, ops: Any, z: Array, t: Array) -> tuple[Array, Any]:
        error = z - t
        return ops.sum(ops.square(error)) / (z.shape[0] * z.shape[1]), error

    def backward(self, ops: Any, cache: Any) -> Array:
        return cache * (2.0 / (cache.shape[0] * cache.shape[1]))


LOSSES: dict[str, Loss] = {
    loss.kind: loss for loss in (SoftmaxCrossEntropy(), BinaryCrossEntropy(), MeanSquaredError())
}


def loss_for(kind: str) -> Loss:
    """Raises UserInputError for an unknown kind."""
    if kind not in LOSSES:
        raise UserInputError(f"Unknown loss {kind!r}.", remedy=f"Use one of: {', '.join(LOSSES)}.")
    return LOSSES[kind]


def resolve(kind: str, task: str, classes: int) -> Loss:
    """The loss for a task, "auto" decided; raises UserInputError where it cannot serve the target."""
    if kind == "auto":
        kind = "softmax_cross_entropy" if task == "classification" else "mse"
    loss = loss_for(kind)
    if loss.task != task:
        wanted = "classes" if task == "classification" else "numbers"
        raise UserInputError(f"{loss.label} does not fit a target of {wanted}.", remedy="Set the loss to Auto.")
    if loss.kind == "binary_cross_entropy" and classes != 2:
        raise UserInputError(
            f"Binary cross-entropy needs two classes; the target has {classes}.",
            remedy="Set the loss to Cross-entropy.",
        )
    return loss


def outputs_for(loss: Loss, classes: int) -> int:
    """Units that the last layer needs: one per class, or one."""
    return classes if loss.kind == "softmax_cross_entropy" else 1
