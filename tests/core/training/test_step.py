"""The NumPy step: buffers used again change no bit, whatever the batches are like."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from core.backend.numpy_pool import PooledOps
from core.losses import resolve
from core.network import Network
from core.spec import TrainingConfig, mlp
from core.training import lanes, workers
from core.training.step import NumpyStep

WIDTHS = (20, 300, 200, 5)


def _trained(config: TrainingConfig, batches: list[int]) -> NumpyStep:
    network = Network.of(mlp(WIDTHS[0], WIDTHS[1:-1], WIDTHS[-1]), config)
    step = NumpyStep(network, resolve("auto", "classification", WIDTHS[-1]), config, network.init(3))
    rng = np.random.default_rng(1)
    for i, rows in enumerate(batches):
        x = rng.normal(size=(rows, WIDTHS[0])).astype(np.float32)
        step(x, rng.integers(0, WIDTHS[-1], rows).astype(np.int32), 0.01, i)
    return step


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(batch_size=64),
        TrainingConfig(batch_size=64, dropout=0.3, l2=0.01, clip_norm=1.0),
        TrainingConfig(batch_size=16, accumulate=4, max_norm=1.0),
    ],
)
def test_buffers_used_again_change_no_bit(monkeypatch, config) -> None:
    batches = [64, 64, 64, 23, 64, 64, 1, 64]
    pooled = _trained(config, batches)
    assert isinstance(pooled._gradients._whole._ops, PooledOps)
    monkeypatch.setattr(lanes, "SMALL", 1 << 40)
    plain = _trained(config, batches)
    assert not isinstance(plain._gradients._whole._ops, PooledOps)
    np.testing.assert_array_equal(pooled.flat(), plain.flat())
    np.testing.assert_array_equal(pooled.gradient(), plain.gradient())


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_parts_side_by_side_give_the_same_bits_on_any_number_of_cores(monkeypatch, cores) -> None:
    monkeypatch.setattr(lanes, "WIDE", 1 << 10)
    monkeypatch.setattr(lanes, "PART", 1 << 12)
    config = TrainingConfig(batch_size=64, dropout=0.2)
    monkeypatch.setattr(workers, "usable_cores", lambda: cores)
    here = _trained(config, [64, 64, 9, 64])
    assert len(here._gradients.parts(64)) == 5
    monkeypatch.setattr(workers, "usable_cores", lambda: 1)
    np.testing.assert_array_equal(here.flat(), _trained(config, [64, 64, 9, 64]).flat())


def test_parts_sum_to_the_gradient_of_the_whole(monkeypatch) -> None:
    config = TrainingConfig(batch_size=64)
    whole = _trained(config, [64])
    monkeypatch.setattr(lanes, "WIDE", 1 << 10)
    monkeypatch.setattr(lanes, "PART", 1 << 12)
    np.testing.assert_allclose(_trained(config, [64]).gradient(), whole.gradient(), atol=1e-7)


def test_large_gradients_are_written_into_place() -> None:
    step = _trained(TrainingConfig(batch_size=64), [64, 64])
    in_place = [b for b in step._gradients._whole._ops._buffers if b.base is step.g]
    assert sum(b.size for b in in_place) == step.g.size


def test_results_lie_where_those_of_the_last_step_lay() -> None:
    ops = PooledOps()
    a, b = np.ones((200, 100), np.float32), np.ones((100, 300), np.float32)
    first = ops.matmul(a, b)
    other = ops.matmul(a, b)
    ops.restart()
    assert ops.matmul(a, b) is first
    assert ops.matmul(a, b) is other
    ops.restart()
    assert ops.matmul(a[:7], b).shape == (7, 300)


def test_settings_changed_between_steps_keep_the_weights() -> None:
    config = TrainingConfig(batch_size=64)
    step = _trained(config, [64])
    before = step.flat()
    step.configure(step.network, replace(config, batch_size=8))
    np.testing.assert_array_equal(step.flat(), before)


def test_every_thread_takes_its_share_of_the_calls(monkeypatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    crew = workers.Workers()
    crew.threads = 2

    def call() -> int:
        time.sleep(0.005)
        return threading.get_ident()

    by = crew.side_by_side([call] * 8)
    assert 3 <= by.count(threading.get_ident()) <= 5


def test_a_call_that_fails_is_told_after_the_others_ended(monkeypatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 2)
    crew = workers.Workers()
    crew.threads = 2
    ended = []

    def fail() -> None:
        raise FloatingPointError("here")

    with pytest.raises(FloatingPointError, match="here"):
        crew.side_by_side([fail, lambda: ended.append(1), lambda: ended.append(2)])
    assert ended == [1, 2]
    crew._pool.shutdown()  # the error's traceback keeps it from ending by itself
