"""Convolution and pooling in one give what they give one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from core.backend.numpy import NumpyOps
from core.layers.conv2d import Conv2D
from core.layers.dense import Dense
from core.layers.flatten import Flatten
from core.layers.input import Input
from core.layers.max_pool import MaxPool
from core.losses import resolve
from core.network import Network
from core.spec import NetworkSpec, TrainingConfig, sequential
from core.training import conv_pool, lanes
from core.training.conv_pool import RISING, ConvPool, joined
from core.training.step import NumpyStep


def _spec(conv: Conv2D, pool: MaxPool, *, after: int = 2) -> NetworkSpec:
    tail = (Conv2D(filters=2), pool) if after == 2 else ()
    return sequential(Input(shape=(8, 6, 2)), conv, pool, *tail, Flatten(), Dense(units=3, activation="linear"))


def _answers(network: Network, params, x) -> tuple:
    ops = NumpyOps(np.float64)
    ys, caches, _ = network.forward(ops, params, x, train=True)
    return ys[network.output], network.backward(ops, params, caches, np.cos(ys[network.output]))


@pytest.mark.parametrize("block", [1, 100, 1 << 18])
@pytest.mark.parametrize(
    ("conv", "pool"),
    [
        *((Conv2D(filters=3, activation=name), MaxPool()) for name in RISING),
        (Conv2D(filters=3, use_bias=False), MaxPool(size=3)),
        (Conv2D(filters=3, kernel=(2, 3), padding="valid", activation="tanh"), MaxPool(size=2, stride=3)),
    ],
)
def test_it_answers_and_learns_like_the_two(monkeypatch, conv, pool, block) -> None:
    monkeypatch.setattr(conv_pool, "BLOCK", block)
    after = 2 if pool.size == 2 and pool.stride == 0 else 1
    apart = Network.of(_spec(conv, pool, after=after))
    one = joined(apart)
    assert [type(node.layer) for node in one.nodes[1:3]] == [ConvPool, ConvPool if after == 2 else Flatten]
    params = apart.init(3)
    x = np.random.default_rng(1).normal(size=(5, 8, 6, 2))
    x[0] = 0.5  # an even ground: all of a window is equally large
    (y, grads), (found, others) = _answers(apart, params, x), _answers(one, params, x)
    np.testing.assert_allclose(found, y, rtol=1e-12)
    assert {id: set(named) for id, named in others.items()} == {id: set(named) for id, named in grads.items()}
    for id, named in grads.items():
        for name, array in named.items():
            np.testing.assert_allclose(others[id][name], array, rtol=1e-9, atol=1e-12, err_msg=f"{id} {name}")


@pytest.mark.parametrize(
    ("conv", "pool"),
    [
        (Conv2D(filters=3, activation="gelu"), MaxPool()),  # falls before it rises
        (Conv2D(filters=3, dropout=0.5), MaxPool()),  # silences between the two
        (Conv2D(filters=3), MaxPool(size=3, stride=2)),  # windows overlap
        (Conv2D(filters=3), MaxPool(size=4, padding="same")),  # windows reach over the edge
    ],
)
def test_what_cannot_be_one_stays_two(conv, pool) -> None:
    network = Network.of(_spec(conv, pool, after=1))
    assert joined(network) == network


def test_a_convolution_that_others_read_too_stays_two() -> None:
    from core.layers.add import Add
    from core.layers.upsample import Upsample
    from core.spec import Edge, LayerSpec

    layers = (Input(shape=(8, 6, 2)), Conv2D(filters=2), MaxPool(), Upsample(), Add(), Flatten(), Dense(units=2))
    specs = tuple(LayerSpec(f"l{i}", f"layer {i}", layer) for i, layer in enumerate(layers))
    edges = [("l0", "l1"), ("l1", "l2"), ("l2", "l3"), ("l1", "l4"), ("l3", "l4"), ("l4", "l5"), ("l5", "l6")]
    network = Network.of(NetworkSpec(specs, tuple(Edge(*pair) for pair in edges)))
    assert joined(network) == network


def test_a_batch_in_parts_learns_as_the_whole_does(monkeypatch) -> None:
    config = TrainingConfig(batch_size=24)
    network = Network.of(_spec(Conv2D(filters=4), MaxPool()), config)
    rng = np.random.default_rng(2)
    batches = [
        (rng.normal(size=(n, 8, 6, 2)).astype(np.float32), rng.integers(0, 3, n).astype(np.int32)) for n in (24, 7)
    ]

    def trained() -> NumpyStep:
        step = NumpyStep(network, resolve("auto", "classification", 3), config, network.init(3))
        for x, t in batches * 5:
            step(x, t, 0.01, 1)
        return step

    whole = trained()
    assert len(whole._gradients.parts(24)) == 1
    for name, size in (("WIDE", 1 << 8), ("PART", 1 << 10), ("SMALL", 8)):
        monkeypatch.setattr(lanes, name, size)
    parted = trained()
    assert len(parted._gradients.parts(24)) > 2
    assert any(isinstance(node.layer, ConvPool) for node in parted._gradients._joined.nodes)
    np.testing.assert_allclose(parted.flat(), whole.flat(), atol=1e-5)
