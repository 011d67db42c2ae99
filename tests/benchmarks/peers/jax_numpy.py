"""JAX, written by hand: the whole step is one compiled function that may overwrite its arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from peers.workloads import BETAS, CONV, EPSILON, HEADS, RATE, STEPS, WIDTH, Workload


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    answer = NETWORKS[workload.family]
    params = jax.tree.map(jnp.array, workload.weights())
    zeros = jax.tree.map(jnp.zeros_like, params)
    x, t = (jnp.array(a) for a in workload.rows())

    def loss_of(params: Any) -> Any:
        logarithms = jax.nn.log_softmax(answer(params, x))
        return -jnp.take_along_axis(logarithms, t[:, None], axis=1).mean()

    @functools.partial(jax.jit, donate_argnums=0)
    def pure(state: Any) -> Any:
        params, m, v, count = state
        loss, grads = jax.value_and_grad(loss_of)(params)
        count = count + 1
        one, two = BETAS
        m = jax.tree.map(lambda m, g: one * m + (1 - one) * g, m, grads)
        v = jax.tree.map(lambda v, g: two * v + (1 - two) * g * g, v, grads)
        a, b = 1 - one**count, 1 - two**count
        params = jax.tree.map(lambda p, m, v: p - RATE * (m / a) / (jnp.sqrt(v / b) + EPSILON), params, m, v)
        return (params, m, v, count), loss

    state: Any = (params, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros(()))

    def step() -> float:
        nonlocal state
        state, loss = pure(state)
        return float(loss)

    return step, sum(p.size for p in jax.tree.leaves(params)), jax.__version__


def _dense(p: Any, x: Any) -> Any:
    return x @ p["W"] + p["b"]


def _mlp(params: Any, x: Any) -> Any:
    *hidden, last = params.values()
    for p in hidden:
        x = jax.nn.relu(_dense(p, x))
    return _dense(last, x)


def _conv_pool(p: Any, x: Any) -> Any:
    """The pool by reshaping: the gradient of `reduce_window` is many times slower on a CPU."""
    z = jax.lax.conv_general_dilated(x, p["W"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    y = jax.nn.relu(z + p["b"])
    rows, height, width, channels = y.shape
    return y.reshape(rows, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def _cnn(params: Any, x: Any) -> Any:
    for i in range(len(CONV)):
        x = _conv_pool(params[f"conv{i + 1}"], x)
    return _dense(params["head"], jax.nn.relu(_dense(params["dense"], x.reshape(x.shape[0], -1))))


def _lstm(params: Any, x: Any) -> Any:
    p = params["lstm"]
    given = (x @ p["W"] + p["b"]).swapaxes(0, 1)

    def cell(carried: Any, z: Any) -> Any:
        h, c = carried
        i, f, g, o = jnp.split(z + h @ p["U"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zero = jnp.zeros((x.shape[0], WIDTH))
    (h, _), _ = jax.lax.scan(cell, (zero, zero), given)
    return _dense(params["head"], h)


def _norm(p: Any, x: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * p["gamma"] + p["beta"]


def _attention(p: Any, x: Any) -> Any:
    q, k, v = ((x @ p[f"W{n}"] + p[f"b{n}"]).reshape(-1, STEPS, HEADS, WIDTH // HEADS).swapaxes(1, 2) for n in "qkv")
    shares = jax.nn.softmax(q @ k.swapaxes(-1, -2) / (WIDTH // HEADS) ** 0.5)
    return (shares @ v).swapaxes(1, 2).reshape(-1, STEPS, WIDTH) @ p["Wo"] + p["bo"]


def _transformer(params: Any, x: Any) -> Any:
    x = _norm(params["norm1"], x + _attention(params["attention"], x))
    x = _norm(params["norm2"], x + _dense(params["down"], jax.nn.relu(_dense(params["up"], x))))
    return _dense(params["head"], x.mean(axis=1))


NETWORKS: dict[str, Callable[[Any, Any], Any]] = {
    "mlp": _mlp, "cnn": _cnn, "lstm": _lstm, "transformer": _transformer
}  # fmt: skip
