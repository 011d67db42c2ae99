"""Each schedule against PyTorch's, and against what it promises at its ends."""

import json
from pathlib import Path

import pytest

from core.errors import UserInputError
from core.schedules import SCHEDULES, Cosine, OneCycle, Plateau, StepDecay, WarmUp, schedule_from_json, schedule_to_json
from core.spec import TrainingConfig
from core.values import hypers

REFERENCE = json.loads((Path(__file__).parent / "reference" / "pytorch.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("run", REFERENCE["schedules"], ids=lambda run: run["schedule"]["kind"])
def test_rates_equal_pytorchs(run) -> None:
    schedule = schedule_from_json(run["schedule"])
    found = [schedule.rate(step, len(run["rates"]), run["base"]) for step in range(len(run["rates"]))]
    assert found == pytest.approx(run["rates"], abs=2e-7)


@pytest.mark.parametrize("kind", list(SCHEDULES))
@pytest.mark.parametrize("total", [1, 2, 7, 1000])
def test_rates_are_positive_and_never_above_the_base(kind, total) -> None:
    schedule = SCHEDULES[kind]()
    rates = [schedule.rate(step, total, 0.3) for step in range(total)]
    assert all(0 < rate <= 0.3 * (1 + 1e-12) for rate in rates)
    assert 0 <= schedule.rate(total + 5, total, 0.3) <= rates[-1] + 1e-12  # beyond the plan it does not rise again
    assert schedule.rate(total / 3, 2 * total, 0.6) == pytest.approx(2 * schedule.rate(total / 3, 2 * total, 0.3))


def test_warm_up_before_the_cosine() -> None:
    rates = [Cosine(warm_up=0.1).rate(step, 100, 1.0) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_stairs_are_of_equal_length() -> None:
    rates = [StepDecay(drops=3, factor=0.5).rate(step, 40, 1.0) for step in range(40)]
    assert rates == [0.5 ** (step // 10) for step in range(40)]


def test_one_cycle_is_highest_at_its_peak() -> None:
    rates = [OneCycle(peak=0.25).rate(step, 200, 1.0) for step in range(200)]
    assert rates.index(max(rates)) == 49
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[-1] == pytest.approx(1 / 25e4)


def test_no_warm_up_at_all_is_the_base() -> None:
    assert WarmUp(warm_up=0.0).rate(0, 10, 0.1) == 0.1


def test_plateau_reduces_by_its_factor() -> None:
    schedule = Plateau(factor=0.1, patience=3)
    assert [schedule.is_due(waited) for waited in (0, 2, 3)] == [False, False, True]
    assert schedule.reduced(2) == pytest.approx(0.01)


@pytest.mark.parametrize("kind", list(SCHEDULES))
def test_json_round_trip_and_words(kind) -> None:
    config = TrainingConfig(schedule=SCHEDULES[kind]())
    assert TrainingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert schedule_from_json(schedule_to_json(config.schedule)) == config.schedule
    assert config.schedule.label
    assert config.schedule.help
    assert all(h.label and h.help for h in hypers(config.schedule).values())


def test_settings_without_a_schedule_have_a_constant_rate() -> None:
    data = TrainingConfig().to_json()
    del data["schedule"]
    assert TrainingConfig.from_json(data) == TrainingConfig()


@pytest.mark.parametrize(
    "data", [{"kind": "magic"}, {}, {"kind": "step", "drops": 0}, {"kind": "cosine", "x": 1}, "cosine"]
)
def test_malformed_is_refused(data) -> None:
    with pytest.raises(UserInputError):
        TrainingConfig.from_json({**TrainingConfig().to_json(), "schedule": data})
