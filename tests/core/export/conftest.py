"""Small trained models of every kind, for all exporters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core import activations
from core.data.preprocess import CategoryFeature, ClassTarget, Feature, NumberFeature, NumberTarget, Preparation
from core.layers import Layer
from core.layers.activation import Activation
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.input import Input
from core.model import TrainedModel
from core.network import Network
from core.spec import NetworkSpec, sequential

MIXED: tuple[Feature, ...] = (
    NumberFeature("sepal length (cm)", 5.8, 5.843, 0.828),
    CategoryFeature("colour", ("red", "größer", "a, \"b\"\n'c'"), "größer"),
    NumberFeature("année", 1999.0, 2001.37, 3.1),  # needs more than float32
    NumberFeature("label", 0.0, 0.01, 1e-3),  # a name that the ONNX graph uses itself
    CategoryFeature("NA", ("1", "2.5", "NA"), "1"),
    NumberFeature("</script>", -1e6, -2e6, 5e5),
)
CLASSES = ClassTarget("kind", ("plain", "größer", "=1+1", 'say "hi"\n'))
PRICE = NumberTarget("price", 12345.678, 432.1)


def values_of(features: tuple[Feature, ...]) -> int:
    return sum(1 if isinstance(f, NumberFeature) else len(f.categories) for f in features)


def trained(
    network: NetworkSpec, target: ClassTarget | NumberTarget = CLASSES, *, loss: str = "", seed: int = 1
) -> TrainedModel:
    """Weights as training leaves them: the fresh ones, larger, with biases."""
    rng = np.random.default_rng(seed)
    weights = {
        id: {name: (1.5 * array + rng.normal(0, 0.3, array.shape)).astype(np.float32) for name, array in arrays.items()}
        for id, arrays in Network.of(network).init(seed).items()
    }
    usual = "softmax_cross_entropy" if isinstance(target, ClassTarget) else "mse"
    return TrainedModel("test model", network, weights, Preparation(MIXED, target), loss or usual)


def chain(*layers: Layer) -> NetworkSpec:
    return sequential(Input(shape=(values_of(MIXED),)), *layers)


def _models() -> dict[str, Callable[[], TrainedModel]]:
    made: dict[str, Callable[[], TrainedModel]] = {}
    for name in activations.ACTIVATIONS:
        made[name] = lambda name=name: trained(  # type: ignore[misc]
            chain(Dense(units=9, activation=name), Dense(units=7, activation=name), Dense(units=4, activation="linear"))
        )
    made["activation layers and dropout"] = lambda: trained(
        chain(
            Dense(units=8, activation="linear", dropout=0.3), Activation(function="gelu"), Dropout(rate=0.5),
            Activation(function="softmax"),
            Dense(units=6, activation="tanh", use_bias=False), Dropout(rate=None), Dense(units=4, activation="linear"),
        )
    )  # fmt: skip
    made["an output that bends"] = lambda: trained(chain(Dense(units=4, activation="relu")))
    made["regression"] = lambda: trained(
        chain(Dense(units=16, activation="silu"), Dense(units=1, activation="linear")), PRICE
    )
    made["two classes, one output"] = lambda: trained(
        chain(Dense(units=5, activation="tanh"), Dense(units=1, activation="linear")),
        replace(CLASSES, classes=("no", "yes")),
        loss="binary_cross_entropy",
    )
    made["counts"] = lambda: trained(
        chain(Dense(units=6, activation="tanh"), Dense(units=1, activation="linear")),
        NumberTarget("count", 12.0, 3.4),
        loss="poisson",
    )
    made["margins"] = lambda: trained(
        chain(Dense(units=6, activation="tanh"), Dense(units=4, activation="linear")), loss="hinge"
    )
    return made


MODELS = _models()


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> TrainedModel:
    return MODELS[request.param]()


def renamed(model: TrainedModel, names: dict[str, str]) -> TrainedModel:
    layers = tuple(replace(spec, name=names.get(spec.id, spec.name)) for spec in model.network.layers)
    return replace(model, network=replace(model.network, layers=layers))


@pytest.fixture
def zoo() -> SimpleNamespace:
    """What this file makes models from, for tests that want one of their own."""
    return SimpleNamespace(
        MIXED=MIXED, CLASSES=CLASSES, PRICE=PRICE, MODELS=MODELS, chain=chain, trained=trained, renamed=renamed
    )
