"""Which plots there are: their titles, curves, colours and explanations. One table; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.plots import ticks
from core.spec import NetworkSpec
from core.training.snapshot import History

HEALTHY_RATIO = (1e-4, 1e-2)


@dataclass(frozen=True)
class Line:
    """One curve of a plot. colour: a token of the theme, or "series:2"; help: what the legend
    explains; short: the name where room is scarce; band: whether lowest and highest values are shaded.
    """

    curve: str
    name: str
    colour: str
    help: str = ""
    short: str = ""
    band: bool = False


@dataclass(frozen=True)
class Kind:
    """A plot. help explains the title; empty says what will be drawn here; log: whether its axis starts logarithmic.

    names_at_ends: whether the lines' names stand at their ends, in place of a legend. band: a range of values that is
    healthy, shaded. floor, ceiling: values that automatic ranges never pass. exact: not measured, so never smoothed.
    """

    key: str
    title: str
    help: str
    empty: str
    lines: Callable[[History, NetworkSpec | None], tuple[Line, ...]]
    log: bool = False
    names_at_ends: bool = False
    band: tuple[float, float] | None = None
    floor: float | None = None
    ceiling: float | None = None
    exact: bool = False
    written: Callable[[float], str] = ticks.power


def _loss(history: History, network: NetworkSpec | None) -> tuple[Line, ...]:
    known = (
        Line("loss/train", "train", "positive",
             "Mean loss of the rows trained on. The pale band spans the lowest and highest batch.", band=True),
        Line("loss/validation", "validation", "negative",
             "Loss of rows that are never trained on, after every epoch. When it rises while train falls, "
             "the network overfits.", "valid."),
        Line("penalty", "penalty", "series:4",
             "What L1 and L2 add to the loss. It is drawn apart: the other curves are the loss of the data alone.",
             "pen."),
    )  # fmt: skip
    return tuple(line for line in known if line.curve in history.curves)


def _metric(history: History, network: NetworkSpec | None) -> tuple[Line, ...]:
    known = (
        Line("metric/train", "train", "positive",
             "On rows that are trained on: the first 2,048 of them, or 15 % where an epoch takes long. Measured after "
             "the epoch as validation is, with nothing dropped or varied."),
        Line("metric/validation", "validation", "negative", "On rows that are never trained on.", "valid."),
    )  # fmt: skip
    return tuple(line for line in known if line.curve in history.curves)


def _rate(history: History, network: NetworkSpec | None) -> tuple[Line, ...]:
    line = Line("learning_rate", "rate", "series:0", "Length of each step: the learning rate as the schedule bends it.")
    return (line,) if line.curve in history.curves else ()


def _by_layer(stem: str) -> Callable[[History, NetworkSpec | None], tuple[Line, ...]]:
    def lines(history: History, network: NetworkSpec | None) -> tuple[Line, ...]:
        """In layer order; a curve of a layer that the network no longer has keeps its id as name."""
        known = [key.removeprefix(stem) for key in history.curves if key.startswith(stem)]
        specs = network.layers if network is not None else ()
        order = {spec.id: i for i, spec in enumerate(specs)}
        names = {spec.id: spec.name for spec in specs}
        known.sort(key=lambda id: order.get(id, len(order)))
        return tuple(Line(stem + id, names.get(id, id), f"series:{i}") for i, id in enumerate(known))

    return lines


def percent(value: float) -> str:
    return f"{100 * value:.4g} %"


def value_text(value: float) -> str:
    """Four significant digits, small and large numbers as powers."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return ticks.power(value)
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


LOSS = Kind(
    "loss",
    "Loss",
    "How wrong the network is: the number that training makes smaller.",
    "Press Train: the loss appears here, for training and validation rows.",
    _loss,
    log=True,
    written=value_text,
)
ACCURACY = Kind(
    "metric",
    "Accuracy",
    "Share of rows that are answered right.",
    "Press Train: the share of right answers appears here.",
    _metric,
    floor=0.0,
    ceiling=1.0,
    written=percent,
)
MICRO_F1 = Kind(
    "metric",
    "Micro F1",
    "F1 score of all labels of all rows together: high only where the labels told are right and the true ones told.",
    "Press Train: how well the labels are told appears here.",
    _metric,
    floor=0.0,
    ceiling=1.0,
    written=value_text,
)
RMSE = Kind(
    "metric",
    "RMSE",
    "Root of the mean squared error, in the unit of the target: the typical size of a miss.",
    "Press Train: the typical size of a miss appears here, in the unit of the target.",
    _metric,
    floor=0.0,
    written=value_text,
)
GRADIENT = Kind(
    "gradient",
    "Gradient norm",
    "Length of each layer's gradient ‖dW‖, on a log axis. A layer far below the others learns slowly: its gradient "
    "vanishes. One that shoots up explodes.",
    "Press Train: how much error signal reaches each layer appears here.",
    _by_layer("gradient/"),
    log=True,
    names_at_ends=True,
    written=value_text,
)
RATIO = Kind(
    "ratio",
    "Update-to-weight ratio",
    "Length of an update beside the length of the weights, ‖ΔW‖ / ‖W‖, by layer. About 1e-3 is usual; within the "
    "shaded band, 1e-4 to 1e-2, training is healthy. Above it the learning rate is probably too large, "
    "below it too small.",
    "Press Train: how much each step changes each layer appears here, beside the healthy band around 1e-3.",
    _by_layer("ratio/"),
    log=True,
    names_at_ends=True,
    band=HEALTHY_RATIO,
    written=value_text,
)
RATE = Kind(
    "rate",
    "Learning rate",
    "The learning rate of every step: what the settings say, as the schedule bends it. Dotted lines are settings that "
    "were changed on the way.",
    "Press Train: the learning rate of every step appears here.",
    _rate,
    log=True,
    exact=True,
    written=value_text,
)
USUAL = ("loss", "metric", "gradient", "ratio")  # shown side by side until someone chooses others
KEYS = (*USUAL, "rate")


def kind(key: str, *, metric: str = "accuracy") -> Kind:
    """The plot of that key; `metric` as in a snapshot, "accuracy", "micro_f1" or "rmse". Raises KeyError."""
    by_metric = {"accuracy": ACCURACY, "micro_f1": MICRO_F1}.get(metric, RMSE)
    return {"loss": LOSS, "metric": by_metric, "gradient": GRADIENT, "ratio": RATIO, "rate": RATE}[key]


def places(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """As many different plots as there are places: those wanted, as far as they exist, then the usual ones."""
    known = dict.fromkeys(key for key in (*wanted, *USUAL) if key in KEYS)
    return tuple(known)[: len(USUAL)]
