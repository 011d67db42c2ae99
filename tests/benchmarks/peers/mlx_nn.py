"""MLX's own networks and optimizer: automatic differentiation and one compiled step, as its documentation shows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers
import mlx.utils
from peers.workloads import BETAS, EPSILON, FEED_FORWARD, HEADS, RATE, WIDTH, Workload


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    net = NETWORKS[workload.family](workload)
    x, t = (mx.array(a) for a in workload.rows())
    optimizer = mlx.optimizers.Adam(RATE, betas=list(BETAS), eps=EPSILON, bias_correction=True)
    mx.eval(net.parameters())

    def loss_of(net: Any, x: Any, t: Any) -> Any:
        return nn.losses.cross_entropy(net(x), t, reduction="mean")

    loss_and_gradients = nn.value_and_grad(net, loss_of)
    state = [net.state, optimizer.state]

    @functools.partial(mx.compile, inputs=state, outputs=state)
    def whole(x: Any, t: Any) -> Any:
        loss, grads = loss_and_gradients(net, x, t)
        optimizer.update(net, grads)
        return loss

    def step() -> float:
        loss = whole(x, t)
        mx.eval(state, loss)
        return loss.item()

    parameters = sum(a.size for _, a in mlx.utils.tree_flatten(net.trainable_parameters()))
    return step, parameters, mx.__version__


def _linear(given: dict[str, Any]) -> nn.Linear:
    made = nn.Linear(*given["W"].shape)
    made.weight, made.bias = mx.array(given["W"].T), mx.array(given["b"])
    return made


def _mlp(of: Workload) -> nn.Module:
    layers: list[Any] = []
    for given in of.weights().values():
        layers += [_linear(given), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _conv(given: dict[str, Any]) -> nn.Conv2d:
    _, _, channels, filters = given["W"].shape
    made = nn.Conv2d(channels, filters, 3, padding=1)
    made.weight, made.bias = mx.array(given["W"].transpose(3, 0, 1, 2)), mx.array(given["b"])
    return made


class _Flatten(nn.Module):
    def __call__(self, x: Any) -> Any:
        return x.reshape(x.shape[0], -1)


def _cnn(of: Workload) -> nn.Module:
    given = of.weights()
    return nn.Sequential(
        _conv(given["conv1"]), nn.ReLU(), nn.MaxPool2d(2),
        _conv(given["conv2"]), nn.ReLU(), nn.MaxPool2d(2),
        _Flatten(), _linear(given["dense"]), nn.ReLU(), _linear(given["head"]),
    )  # fmt: skip


class _Recurrent(nn.Module):
    def __init__(self, of: Workload) -> None:
        super().__init__()
        given = of.weights()
        self.lstm = nn.LSTM(of.row[1], WIDTH)
        self.lstm.Wx, self.lstm.Wh = (mx.array(given["lstm"][name].T) for name in "WU")
        self.lstm.bias = mx.array(given["lstm"]["b"])
        self.head = _linear(given["head"])

    def __call__(self, x: Any) -> Any:
        return self.head(self.lstm(x)[0][:, -1])


class _Transformer(nn.Module):
    def __init__(self, of: Workload) -> None:
        super().__init__()
        given = of.weights()
        mine = given["attention"]
        self.attention = nn.MultiHeadAttention(WIDTH, HEADS, bias=True)
        names = {"q": "query_proj", "k": "key_proj", "v": "value_proj", "o": "out_proj"}
        for short, name in names.items():
            setattr(self.attention, name, _linear({"W": mine[f"W{short}"], "b": mine[f"b{short}"]}))
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.norm1.bias, self.norm2.bias = (mx.array(given[name]["beta"]) for name in ("norm1", "norm2"))
        self.up, self.down, self.head = (_linear(given[name]) for name in ("up", "down", "head"))
        assert self.up.weight.shape == (FEED_FORWARD, WIDTH)

    def __call__(self, x: Any) -> Any:
        x = self.norm1(x + self.attention(x, x, x))
        x = self.norm2(x + self.down(nn.relu(self.up(x))))
        return self.head(x.mean(axis=1))


NETWORKS: dict[str, Callable[[Workload], nn.Module]] = {
    "mlp": _mlp, "cnn": _cnn, "lstm": _Recurrent, "transformer": _Transformer
}  # fmt: skip
