"""What is worth knowing before training: plain sentences from the design, the data and the settings."""

from __future__ import annotations

from dataclasses import dataclass

from core import forecast
from core.data.schema import Prepared
from core.layers import Layer
from core.spec import Project
from core.validation import Report

MANY_PARAMETERS = 10  # times as many parameters as training rows and it can learn them by heart
DEEP = 8
SATURATING = {"sigmoid", "tanh"}


@dataclass(frozen=True)
class Advice:
    """kind: "info" or "warning"."""

    kind: str
    title: str
    text: str


def advice(project: Project, report: Report, prepared: Prepared | None) -> tuple[Advice, ...]:
    """The most useful first; nothing where all is well or nothing is known."""
    if not project.network.layers or not report.ok:
        return ()
    found = [_size(project, report, prepared), _linear(project), _depth(project), _steps(project, prepared)]
    return tuple(a for a in found if a is not None)


def _size(project: Project, report: Report, prepared: Prepared | None) -> Advice | None:
    rows = prepared.rows.get("train", 0) if prepared else 0
    count, training = sum(report.parameters.values()), project.training
    if not rows or count <= MANY_PARAMETERS * rows:
        return None
    helped = training.dropout or training.l1 or training.l2 or training.early_stopping
    helped = helped or any(s.layer.kind == "dropout" for s in project.network.layers)
    remedy = "Watch the validation loss." if helped else "Fewer units, dropout, L2 or early stopping keep it honest."
    text = f"{count:,} parameters for {rows:,} training rows: it can learn them by heart. {remedy}"
    return Advice("info" if helped else "warning", "Large for these data", text)


def _activation(layer: Layer) -> str:
    return str(getattr(layer, "activation", getattr(layer, "function", "")))


def _linear(project: Project) -> Advice | None:
    network = project.network
    hidden = [s.layer for s in network.layers if network.targets(s.id) and s.layer.arity[1] != 0]
    weighted = [layer for layer in hidden if layer.penalized]
    bends = [layer for layer in hidden if _activation(layer) not in ("", "linear")]
    if not weighted or bends:
        return None
    return Advice("warning", "Nothing bends", "Without an activation, all layers together do no more than one.")


def _depth(project: Project) -> Advice | None:
    deep = [s.layer for s in project.network.layers if _activation(s.layer) in SATURATING]
    if len(deep) < DEEP:
        return None
    text = (
        f"{len(deep)} layers with tanh or sigmoid: gradients shrink on the way back. ReLU or GELU carry them further."
    )
    return Advice("info", "Gradients may vanish", text)


def _steps(project: Project, prepared: Prepared | None) -> Advice | None:
    rows = prepared.rows.get("train", 0) if prepared else 0
    training = project.training
    if not rows:
        return None
    steps = -(-rows // forecast.batch_rows(training, rows)) * training.epochs
    if steps >= 200:
        return None
    text = (
        f"{training.epochs:,} epochs at this batch size are {steps:,} steps. Smaller batches or more epochs learn more."
    )
    return Advice("info", "Few steps", text)
