"""scikit-learn's MLPClassifier, one `partial_fit` a step; it has no other networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from peers.workloads import BETAS, EPSILON, RATE, NotApplicable, Workload
from sklearn.neural_network import MLPClassifier


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    """Two classes are one logistic output here: its weights are the difference of the two, which answers the same."""
    if workload.family != "mlp":
        raise NotApplicable
    x, t = workload.rows()
    model: Any = MLPClassifier(
        workload.widths[1:-1], learning_rate_init=RATE, beta_1=BETAS[0], beta_2=BETAS[1], epsilon=EPSILON, alpha=0.0,
        batch_size=workload.batch, shuffle=False,
    )  # fmt: skip
    model.partial_fit(x, t, classes=np.arange(workload.classes))
    given = list(workload.weights().values())
    if workload.classes == 2:
        given[-1] = {name: a[..., 1:] - a[..., :1] for name, a in given[-1].items()}
    for W, b, layer in zip(model.coefs_, model.intercepts_, given, strict=True):
        W[...], b[...] = layer["W"], layer["b"]
    del model._optimizer  # its memory comes from the first weights

    def step() -> float:
        model.partial_fit(x, t)
        return float(model.loss_)

    left_out = workload.widths[-2] + 1 if workload.classes == 2 else 0
    parameters = sum(a.size for a in (*model.coefs_, *model.intercepts_)) + left_out
    return step, parameters, sklearn.__version__
