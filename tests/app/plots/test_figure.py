"""From a history to one plot: which lines, in which order and colours, within which ranges."""

import numpy as np
import pytest

from app.plots import kinds
from app.plots.figure import Look, Run, figure, full_x
from app.plots.kinds import HEALTHY_RATIO
from app.plots.save import csv_text
from app.plots.series import EpochScale
from core.layers.dense import Dense
from core.layers.input import Input
from core.spec import mlp, sequential
from core.training.snapshot import Curve, History, Mark


def flat(value: float, steps: int = 100) -> Curve:
    values = np.full(steps, value, np.float32)
    return Curve(np.arange(1, steps + 1), values, values, values)


def run(**curves: Curve) -> Run:
    names = {name.replace("__", "/"): curve for name, curve in curves.items()}
    return Run(
        History(names, (Mark(40, "batch size 32 → 64"),)), mlp(2, (4, 4), 2), scale=EpochScale.even(10), epochs=20
    )


def test_the_penalty_is_a_curve_of_its_own() -> None:
    shown = kinds.LOSS.lines(run(loss__train=flat(1), penalty=flat(0.1)).history, None)
    assert [line.curve for line in shown] == ["loss/train", "penalty"]


def test_layers_stand_in_the_order_of_the_network_under_their_names() -> None:
    r = run(gradient__l3=flat(1), gradient__l1=flat(1), gradient__l2=flat(1))
    lines = kinds.GRADIENT.lines(r.history, r.network)
    assert [line.name for line in lines] == ["hidden 1", "hidden 2", "output"]
    assert [line.colour for line in lines] == ["series:0", "series:1", "series:2"]


def test_the_metric_of_a_regression_is_its_own_plot() -> None:
    assert kinds.kind("metric", metric="rmse").title == "RMSE"
    assert kinds.kind("metric").written(0.9375) == "93.75 %"


def test_a_log_axis_leaves_out_what_has_no_logarithm() -> None:
    values = np.array([1.0, 0.0, 100.0], np.float32)
    r = run(loss__train=Curve(np.array([1, 2, 3]), values, values, values))
    shown = figure(kinds.LOSS, r, Look(smoothing=0.0), log=True, pixels=200)
    assert shown.lines[0].points.mean.tolist() == [0.0, 2.0]
    assert shown.y[0] < 0 < 2 < shown.y[1]


def test_steps_become_epochs_and_marks_move_along() -> None:
    r = run(loss__train=flat(1.0))
    shown = figure(kinds.LOSS, r, Look(in_epochs=True), log=False, pixels=300)
    assert shown.lines[0].points.x[-1] == pytest.approx(10.0)
    assert shown.marks == (4.0,)
    assert figure(kinds.LOSS, r, Look(in_epochs=False), log=False, pixels=300).marks == (40.0,)


def test_following_shows_all_steps_and_never_more_than_is_planned() -> None:
    r = run(loss__train=flat(1.0))
    r.over = False
    assert full_x(r, Look()) == (0.0, 12.0)
    r.epochs = 11
    assert full_x(r, Look()) == (0.0, 11.0)
    r.over = True
    assert full_x(r, Look()) == (0.0, 10.0)


def test_the_healthy_band_is_always_in_view() -> None:
    r = run(ratio__l1=flat(0.5))
    low, high = figure(kinds.RATIO, r, Look(), log=True, pixels=200).y
    assert low < np.log10(HEALTHY_RATIO[0])
    assert high > np.log10(0.5)


def test_accuracy_is_never_drawn_beyond_one() -> None:
    low, high = figure(kinds.ACCURACY, run(metric__train=flat(1.0)), Look(), log=False, pixels=200).y
    assert low < 1.0 <= high < 1.05


def test_a_hidden_curve_is_not_drawn() -> None:
    r = run(loss__train=flat(1.0), loss__validation=flat(9.0))
    shown = figure(kinds.LOSS, r, Look(), log=False, pixels=200, hidden=frozenset({"loss/validation"}))
    assert [s.line.curve for s in shown.lines] == ["loss/train"]
    assert shown.y[1] < 5


def test_numbers_that_are_saved_are_all_there_and_harmless_in_a_spreadsheet() -> None:
    network = sequential(Input(shape=(2,)), Dense(units=1), names=("input", "=cmd()"))
    r = Run(History({"gradient/l1": flat(0.25, 3)}), network, scale=EpochScale.even(2))
    lines = kinds.GRADIENT.lines(r.history, network)
    rows = csv_text(r.history, lines, r.scale).splitlines()
    assert rows[0] == "series,step,epoch,mean,low,high"
    assert rows[1:] == [f"'=cmd(),{i},{i / 2:g},0.25,0.25,0.25" for i in (1, 2, 3)]


def test_every_place_has_a_plot_whatever_was_stored() -> None:
    assert kinds.places(()) == kinds.USUAL
    assert kinds.places(("rate", "of a later version", "rate", "loss")) == ("rate", "loss", "metric", "gradient")
    assert len(kinds.places(kinds.KEYS)) == len(kinds.USUAL)
