"""The stages that lead a person through, and which panels each of them needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A stage of the work. `inspector`, `plots`: whether these panels have something to say there. `tells_work`: its
    page says itself how far work in the background is."""

    name: str
    help: str
    layers: bool = False
    inspector: bool = False
    plots: bool = False
    tells_work: bool = False


STAGES: tuple[Stage, ...] = (
    Stage(
        "Data", "Data: what the network learns from. Columns, the target to predict, and the split into parts.",
        tells_work=True,
    ),
    Stage(
        "Design", "Design: the layers, in the order in which values flow through them.",
        layers=True, inspector=True, plots=True,
    ),
    Stage(
        "Train", "Train: the network at work. Weights, gradients and losses, live.",
        layers=True, inspector=True, plots=True,
    ),
    Stage("Evaluate", "Evaluate: how well it does on test rows that it never saw."),
    Stage("Predict", "Predict: answers for new rows, typed in or from a file.", tells_work=True),
    Stage("Export", "Export: the trained network as a file that gives the same answers elsewhere.", tells_work=True),
)  # fmt: skip
BY_NAME = {stage.name: stage for stage in STAGES}
