"""Chainrule's own step, driven as the trainer drives it; variant: the backend."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mlx.core
import numpy as np
from peers.workloads import CONV, CONV_DENSE, FEED_FORWARD, HEADS, RATE, WIDTH, Workload

from core.layers.input import Input
from core.layers.registry import layer_types
from core.losses import loss_for
from core.network import Network
from core.optimizers import Adam
from core.spec import Edge, LayerSpec, NetworkSpec, TrainingConfig, mlp
from core.training.trainer import make_step


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    spec = DESIGNS[workload.family](workload)
    config = TrainingConfig(optimizer=Adam(), learning_rate=RATE, batch_size=workload.batch)
    network = Network.of(spec, config)
    own, given = network.init(config.seed), workload.weights()
    left_out = given.get("attention", {}).get("bk", np.zeros(0))  # no answer depends on it, so we do not have it
    start = {
        id: {name: given[id][name].reshape(array.shape) for name, array in named.items()} for id, named in own.items()
    }
    step = make_step(variant, network, loss_for("softmax_cross_entropy"), config, start)
    x, t = workload.rows()
    parameters = left_out.size + sum(array.size for named in start.values() for array in named.values())
    version = np.__version__ if variant == "numpy" else mlx.core.__version__
    return lambda: step(x, t, config.learning_rate, 0)[0], parameters, version


def _layer(kind: str, **hypers: Any) -> Any:
    return layer_types()[kind](**hypers)


def _dense(units: int, activation: str = "linear") -> Any:
    return _layer("dense", units=units, activation=activation)


def _graph(layers: dict[str, Any], *skips: tuple[str, str]) -> NetworkSpec:
    """A chain in the order given, and further edges across it."""
    ids = list(layers)
    chain = itertools.pairwise(ids)
    specs = tuple(LayerSpec(id, id, layer) for id, layer in layers.items())
    return NetworkSpec(specs, tuple(Edge(*ends) for ends in (*chain, *skips)))


def _cnn(of: Workload) -> NetworkSpec:
    first, second = (_layer("conv2d", filters=n, kernel=(3, 3), activation="relu") for n in CONV)
    return _graph(
        {
            "input": Input(shape=of.row),
            "conv1": first, "pool1": _layer("max_pool", size=2),
            "conv2": second, "pool2": _layer("max_pool", size=2),
            "flatten": _layer("flatten"), "dense": _dense(CONV_DENSE, "relu"), "head": _dense(of.classes),
        }
    )  # fmt: skip


def _lstm(of: Workload) -> NetworkSpec:
    return _graph({"input": Input(shape=of.row), "lstm": _layer("lstm", units=WIDTH), "head": _dense(of.classes)})


def _transformer(of: Workload) -> NetworkSpec:
    """Norms after the sums, as in Vaswani et al. 2017."""
    return _graph(
        {
            "input": Input(shape=of.row),
            "attention": _layer("attention", heads=HEADS), "add1": _layer("add"), "norm1": _layer("layer_norm"),
            "up": _layer("conv1d", filters=FEED_FORWARD, kernel=1, activation="relu"),
            "down": _layer("conv1d", filters=WIDTH, kernel=1, activation="linear"),
            "add2": _layer("add"), "norm2": _layer("layer_norm"),
            "pool": _layer("global_avg_pool"), "head": _dense(of.classes),
        },
        ("input", "add1"), ("norm1", "add2"),
    )  # fmt: skip


DESIGNS: dict[str, Callable[[Workload], NetworkSpec]] = {
    "mlp": lambda of: mlp(of.widths[0], of.widths[1:-1], of.widths[-1]),
    "cnn": _cnn,
    "lstm": _lstm,
    "transformer": _transformer,
}
