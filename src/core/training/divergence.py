"""When training breaks: where it was seen first, in words, and what to change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.training.trainer import Trainer


def broken(norms: Mapping[str, tuple[float, float, float]]) -> float:
    """The first gradient norm, from the network's end, that is not finite; 0 where all are."""
    return next((g for g, _, _ in reversed(list(norms.values())) if not math.isfinite(g)), 0.0)


def told(trainer: Trainer, what: str, value: float) -> tuple[str, dict[str, float]]:
    """(why training stopped, the settings to try): `what` became `value` at the present step."""
    at, config = trainer.progress, trainer.config
    became = "not a number" if math.isnan(value) else "infinite"
    names = {spec.id: spec.name for spec in trainer.task.network.layers}
    how, layer = _place(trainer)
    place = f", {how} in layer {names[layer]}" if layer else ""
    rate = config.learning_rate / 10
    message = (
        f"The {what} became {became} at step {at.step:,}{place}. The last finite weights are kept. "
        f"The learning rate {config.learning_rate:g} is probably too large; try {rate:g}."
    )
    return message, {"learning_rate": rate}


def _place(trainer: Trainer) -> tuple[str, str]:
    """(how, id of the layer) where numbers broke, as far as what is left of the step tells.

    Backpropagation goes from the end to the start, so the last layer with a broken gradient was the first to have one.
    Else it is the first layer, from the start, whose weights or running statistics are broken, or while all are still
    numbers the one with the largest weight.
    """
    step = trainer.step
    gradient = step.gradient()
    late = [id for id, span in step.spans.items() if not np.isfinite(gradient[span]).all()]
    if late:
        return "first seen", late[-1]
    largest = {
        id: max(float(np.abs(a).max()) if a.size else 0.0 for a in named.values())
        for id, named in step.layout.views(step.flat()).items()
    }
    early = [id for id, value in largest.items() if not math.isfinite(value)]
    if early:
        return "first seen", early[0]
    return ("weights largest", max(largest, key=largest.__getitem__)) if largest else ("", "")
