"""Is backward right? Every layer, loss and penalty against central differences in float64.

Along a random direction v the derivative is v · ∇f by backward, and (f(θ + εv) - f(θ - εv)) / 2ε by differences,
exact up to O(ε²) (Goodfellow et al. 2016, §11.5). MLX computes in float32; its gradients are compared with NumPy's in
float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core import keys
from core.backend.numpy import NumpyOps
from core.layers import Layer, Shape, layer_types
from core.losses import LOSSES, Loss, outputs_for, resolve
from core.network import Network, Restraint
from core.spec import NetworkSpec, TrainingConfig, mlp
from core.training.step import penalized_gradient, penalty_value

EPSILON = 1e-5
STEPS = (1e-4, 1e-5)  # along a direction of length 1, for whole networks
BATCH = 5
TOLERANCE = {"numpy": 1e-6, "mlx": 1e-4}


@dataclass(frozen=True)
class Check:
    """what was checked, e.g. "dense units=3 activation=tanh: W"; relative_error = |a - b| / max(|a|, |b|)."""

    what: str
    backend: str
    relative_error: float

    @property
    def passed(self) -> bool:
        return self.relative_error <= TOLERANCE[self.backend]


def check_all(
    network: NetworkSpec | None = None, config: TrainingConfig | None = None, *, mlx: bool = False
) -> Iterator[Check]:
    """Every registered layer's examples, every loss, every penalty; then the given network as a whole.

    mlx: also on MLX, which must have been probed before.
    """
    for cls in layer_types().values():
        for layer, shapes in cls.examples():
            yield from check_layer(layer, shapes)
            if mlx:
                yield check_layer_on_mlx(layer, shapes)
    for loss in LOSSES.values():
        yield check_loss(loss)
        tuned = loss.tuned(smoothing=0.2, class_weights=(0.3, 2.0, 1.0, 0.7)[: 2 if loss.kind.startswith("b") else 4])
        if tuned != loss:
            yield replace(check_loss(tuned), what=f"loss {loss.kind}, smoothed and weighted")
    yield check_penalty("L1 penalty", l1=0.3, l2=0.0)
    yield check_penalty("L2 penalty", l1=0.0, l2=0.3)
    if network is not None:
        yield from check_network(network, config or TrainingConfig())


def relative(a: float, b: float) -> float:
    """|a - b| / max(|a|, |b|), 0 for two zeros."""
    return abs(a - b) / max(abs(a), abs(b), 1e-12)


def difference(f: Callable[[], float], theta: np.ndarray, v: np.ndarray, *, epsilon: float = EPSILON) -> float:
    """Central difference of f along v; `theta` is moved in place and put back."""
    saved = theta.copy()
    theta += epsilon * v
    above = f()
    theta[...] = saved - epsilon * v
    below = f()
    theta[...] = saved
    return (above - below) / (2 * epsilon)


def example(layer: Layer, shapes: tuple[Shape, ...]) -> tuple[Any, Any, tuple[np.ndarray, ...], np.ndarray]:
    """Parameters, state, inputs and a gradient by the output, all random and the same at every call."""
    rng = keys.generator(keys.key(11, layer.kind))
    p, s = layer.init(rng, *shapes)
    p = {name: array + 0.1 * rng.normal(size=array.shape) for name, array in p.items()}
    xs = layer.example_inputs(rng, BATCH, *shapes)
    return p, s, xs, rng.normal(size=(BATCH, *layer.output_shape(*shapes)))


def _title(layer: Layer) -> str:
    return " ".join([layer.kind, *(f"{k}={v}" for k, v in vars(layer).items() if v is not None)])


def check_layer(layer: Layer, shapes: tuple[Shape, ...]) -> Iterator[Check]:
    """One check for each input and each parameter of a layer, along random directions, as it trains.

    A layer that carries a state acts otherwise when it predicts and is checked in that way too.
    """
    yield from _check_layer(layer, shapes, train=True)
    if layer.state_shapes(*shapes):
        for check in _check_layer(layer, shapes, train=False):
            yield replace(check, what=f"{check.what}, predicting")


def _check_layer(layer: Layer, shapes: tuple[Shape, ...], *, train: bool) -> Iterator[Check]:
    ops = NumpyOps(np.float64)
    rng = keys.generator(keys.key(15, layer.kind))
    p, s, xs, dy = example(layer, shapes)

    def forward() -> tuple[Any, Any]:
        y, cache, _ = layer.forward(ops, p, s, xs, train=train, key=ops.key(3))
        return y, cache

    dxs, dp = layer.backward(ops, p, forward()[1], dy)
    for name, theta, gradient in (
        *((f"x{i}" if len(xs) > 1 else "x", x, dx) for i, (x, dx) in enumerate(zip(xs, dxs, strict=True))),
        *((name, p[name], dp[name]) for name in p),
    ):
        v = rng.normal(size=theta.shape) * (theta != 0)  # a step of zeros is padding, and must stay it
        numeric = difference(lambda: float((forward()[0] * dy).sum()), theta, v)
        yield Check(f"{_title(layer)}: {name}", "numpy", relative(float((gradient * v).sum()), numeric))


def check_layer_on_mlx(layer: Layer, shapes: tuple[Shape, ...]) -> Check:
    """Largest difference of an output, state or gradient: MLX in float32 against NumPy in float64, nothing random."""
    from core.backend.mlx import MlxOps

    p, s, xs, dy = example(layer, shapes)
    answers = []
    for ops in (NumpyOps(np.float64), MlxOps()):
        mine, state = ({name: ops.array(a) for name, a in arrays.items()} for arrays in (p, s))
        inputs = tuple(ops.array(x) for x in xs)
        y, cache, new = layer.forward(ops, mine, state, inputs, train=not layer.stochastic, key=None)
        dxs, dp = layer.backward(ops, mine, cache, ops.array(dy))
        named = ((group[name] for name in sorted(group)) for group in (dp, new))
        answers.append([ops.numpy(a) for a in (y, *dxs, *(a for group in named for a in group))])
    worst = max(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-12)) for a, b in zip(*answers, strict=True))
    return Check(_title(layer), "mlx", worst)


def check_loss(loss: Loss) -> Check:
    """The gradient of the mean loss by the raw outputs."""
    ops, rng = NumpyOps(np.float64), keys.generator(keys.key(12, loss.kind))
    z, t = _outputs_and_targets(loss, rng)
    v = rng.normal(size=z.shape)
    gradient = loss.backward(ops, loss.forward(ops, z, t)[1])
    numeric = difference(lambda: float(loss.forward(ops, z, t)[0]), z, v)
    return Check(f"loss {loss.kind}", "numpy", relative(float((gradient * v).sum()), numeric))


def _outputs_and_targets(loss: Loss, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if loss.task == "regression":
        return rng.normal(size=(BATCH, 2)), rng.normal(size=(BATCH, 2))
    if loss.task == "labels":
        return rng.normal(size=(BATCH, 4)), rng.integers(0, 2, (BATCH, 4)).astype(np.int32)
    outputs = 1 if loss.kind == "binary_cross_entropy" else 4
    return rng.normal(size=(BATCH, outputs)), rng.integers(0, max(2, outputs), BATCH).astype(np.int32)


def check_penalty(what: str, *, l1: float, l2: float) -> Check:
    """The gradient of l1 Σ|W| + l2/2 ΣW² by the weights of a small network; its biases must not be touched."""
    ops, rng = NumpyOps(np.float64), keys.generator(keys.key(13))
    network = Network.of(mlp(3, (4,), 2), TrainingConfig(l1=l1, l2=l2))
    params = network.init(5)
    W = params["l1"]["W"]
    v = rng.normal(size=W.shape)
    gradient = penalized_gradient(ops, W, np.zeros_like(W), network.restraints["l1"])
    numeric = difference(lambda: float(penalty_value(ops, network, params)), W, v)
    return Check(what, "numpy", relative(float((gradient * v).sum()), numeric))


def check_network(spec: NetworkSpec, config: TrainingConfig) -> Iterator[Check]:
    """Every parameter array of a whole network under its loss and penalties, on random rows, nothing dropped out."""
    ops, rng = NumpyOps(np.float64), keys.generator(keys.key(14))
    network = Network.of(spec, config)
    loss, x, t = _question(network, config, rng)
    params = network.init(config.seed)

    def value() -> float:
        z = network.predict(ops, params, x)
        return float(loss.forward(ops, z, t)[0] + penalty_value(ops, network, params))

    ys, caches, _ = network.forward(ops, params, x, train=False)
    dz = loss.backward(ops, loss.forward(ops, ys[network.output], t)[1])
    grads = network.backward(ops, params, caches, dz)
    names = {s.id: s.name for s in spec.layers}
    for id, arrays in params.items():
        for name, array in arrays.items():
            if name in network.state_names.get(id, ()):
                continue
            gradient = grads[id][name]
            rule = network.restraints.get(id, Restraint(()))
            if name in rule.names:
                gradient = penalized_gradient(ops, array, gradient, rule)
            v = rng.normal(size=array.shape)
            v /= np.linalg.norm(v)
            slope = float((gradient * v).sum())
            # A kink of some ReLU between the two points spoils a long step, rounding a short one; a wrong gradient
            # disagrees at every length.
            error = min(relative(slope, difference(value, array, v, epsilon=step)) for step in STEPS)
            yield Check(f"network, layer {names[id]}: {name}", "numpy", error)


def _question(network: Network, config: TrainingConfig, rng: np.random.Generator) -> tuple[Loss, np.ndarray, Any]:
    """A loss that the network's outputs can serve, random rows and their targets."""
    outputs = network.output_shape[0]
    wanted = LOSSES.get(config.loss)
    if wanted is None or outputs_for(wanted, max(2, outputs)) != outputs:
        wanted = resolve("auto", "regression" if outputs == 1 else "classification", outputs)
    first = next(node for node in network.nodes if 0 in node.sources)
    # What that layer is meant for: tokens for an embedding, padding in a sequence.
    x = first.layer.example_inputs(rng, BATCH, *first.inputs)[first.sources.index(0)]
    if wanted.task == "regression":
        return wanted, x, rng.normal(size=(BATCH, outputs))
    return wanted, x, rng.integers(0, max(2, outputs), BATCH).astype(np.int32)
