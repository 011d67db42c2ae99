"""The forecast counts what the formulas say, in integers that never overflow."""

from __future__ import annotations

import pytest

from core import forecast
from core.forecast import Cost, bytes_text, count_text, layer_cost, network_cost
from core.layers.batch_norm import BatchNorm
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.max_pool import MaxPool
from core.optimizers import SGD, Adam
from core.spec import NetworkSpec, TrainingConfig, mlp, sequential
from core.validation import check

NETWORK = mlp(4, (8,), 3)  # 40 + 27 parameters; outputs of 4, 8 and 3 values


def test_one_layer() -> None:
    cost = layer_cost(check(NETWORK), "l1", optimizer=Adam(), batch=32)
    assert cost == Cost(
        parameters=40, multiply_adds=32, parameter_bytes=160, gradient_bytes=160, optimizer_bytes=320,
        activation_bytes=2 * 4 * 32 * 8,
    )  # fmt: skip
    assert cost.memory == 160 + 160 + 320 + forecast.SCRATCH * 2048


def test_what_a_layer_holds_for_its_way_back_counts() -> None:
    network = sequential(
        Input(shape=(6, 6, 2)),
        Conv2D(filters=3),  # holds its input with a frame of zeros, 8 × 8 × 2
        Conv2D(filters=3, kernel=(1, 1), activation="gelu"),  # holds z
        BatchNorm(),  # holds x - μ
        MaxPool(size=4, padding="same"),  # holds its input with a frame, 8 × 8 × 3
        Flatten(),
        Dense(units=2, activation="silu"),  # holds z
        Dense(units=1, activation="linear"),
    )
    report = check(network)
    held = (0, 8 * 8 * 2, 6 * 6 * 3, 6 * 6 * 3, 8 * 8 * 3, 0, 2, 0)
    outputs = (6 * 6 * 2, 6 * 6 * 3, 6 * 6 * 3, 6 * 6 * 3, 2 * 2 * 3, 12, 2, 1)
    for i, (work, shown) in enumerate(zip(held, outputs, strict=True)):
        cost = layer_cost(report, f"l{i}", optimizer=SGD(), batch=5)
        assert cost.activation_bytes == 4 * 5 * (2 * shown + work)


def test_the_whole_is_the_sum_and_depends_on_the_optimizer() -> None:
    report = check(NETWORK)
    adam = network_cost(NETWORK, report, optimizer=Adam(), batch=1)
    plain = network_cost(NETWORK, report, optimizer=SGD(), batch=1)
    assert adam.parameters == 67
    assert adam.multiply_adds == 56
    assert adam.activation_bytes == 2 * 4 * (4 + 8 + 3)
    assert adam.memory - plain.memory == 2 * 4 * 67


def test_absurd_sizes_stay_exact() -> None:
    network = mlp(10**6, (10**6, 10**6), 10**6)
    cost = network_cost(network, check(network), optimizer=Adam(), batch=10**7)
    assert cost.parameter_bytes == 4 * 3 * (10**12 + 10**6)


def test_unknown_shapes_are_said_to_be_missing() -> None:
    loose = NetworkSpec(NETWORK.layers)
    report = check(loose)
    assert not forecast.is_complete(loose, report)
    assert forecast.is_complete(NETWORK, check(NETWORK))
    assert layer_cost(report, "l2", optimizer=Adam(), batch=1) == Cost()


@pytest.mark.parametrize(
    ("batch_size", "rows", "expected"),
    [(32, 120, 32), (500, 120, 120), (0, 120, 120), (32, None, 32), (0, None, 1), (8, 0, 1)],
)
def test_rows_of_a_step(batch_size: int, rows: int | None, expected: int) -> None:
    assert forecast.batch_rows(TrainingConfig(batch_size=batch_size), rows) == expected


def test_gathered_batches_are_computed_in_parts() -> None:
    assert forecast.batch_rows(TrainingConfig(batch_size=0, accumulate=4), 90) == 23
    assert forecast.batch_rows(TrainingConfig(batch_size=8, accumulate=4), 90) == 8


def test_large_pictures_are_answered_a_few_at_a_time() -> None:
    assert forecast.rows_at_once([(8,), (3,)], 4096) == 4096
    assert forecast.rows_at_once([(1024, 1024, 1)] * 2, 4096) == 4
    assert forecast.rows_at_once([(4096, 4096, 8)], 4096) == 1


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 B"), (512, "512 B"), (999, "999 B"), (1000, "1.0 kB"), (3100, "3.1 kB"), (31_000_000, "31 MB"),
     (999_600, "1.0 MB"), (12 * 10**15, "12 PB")],
)  # fmt: skip
def test_bytes_in_words(n: int, text: str) -> None:
    assert bytes_text(n) == text


@pytest.mark.parametrize(("n", "text"), [(0, "0"), (21_708, "21,708"), (295_936, "296 k"), (1_400_000, "1.4 M")])
def test_counts_in_words(n: int, text: str) -> None:
    assert count_text(n) == text
