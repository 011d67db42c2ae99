"""PyTorch; variant: "eager", "fused" (Adam as one kernel), "channels_last" (memory layout of images) or "compiled"."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from peers.workloads import BETAS, CONV, CONV_DENSE, EPSILON, FEED_FORWARD, HEADS, RATE, WIDTH, NotApplicable, Workload
from torch import nn


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    net = NETWORKS[workload.family](workload)
    rows, classes = workload.rows()
    x, t = torch.tensor(rows), torch.tensor(classes).long()
    if workload.family == "cnn":
        x = x.permute(0, 3, 1, 2).contiguous()
    if variant == "channels_last":
        if workload.family != "cnn":
            raise NotApplicable
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    trained = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=RATE, betas=BETAS, eps=EPSILON, fused=variant == "fused" or None)

    def loss_of(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(net(x), t)

    forward: Any = torch.compile(loss_of) if variant == "compiled" else loss_of
    update: Any = torch.compile(optimizer.step) if variant == "compiled" else optimizer.step

    def step() -> float:
        optimizer.zero_grad()
        loss = forward(x, t)
        loss.backward()
        update()
        return loss.item()

    return step, sum(p.numel() for p in trained), torch.__version__


def _put(parameter: torch.Tensor, array: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.tensor(array))


def _linear(given: dict[str, Any]) -> nn.Linear:
    made = nn.Linear(*given["W"].shape)
    _put(made.weight, given["W"].T)
    _put(made.bias, given["b"])
    return made


def _mlp(of: Workload) -> nn.Module:
    layers: list[nn.Module] = []
    for given in of.weights().values():
        layers += [_linear(given), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _conv(given: dict[str, Any]) -> nn.Conv2d:
    _, _, channels, filters = given["W"].shape
    made = nn.Conv2d(channels, filters, 3, padding=1)
    _put(made.weight, given["W"].transpose(3, 2, 0, 1))
    _put(made.bias, given["b"])
    return made


def _cnn(of: Workload) -> nn.Module:
    given = of.weights()
    height, width, _ = of.row
    W = given["dense"]["W"].reshape(height // 4, width // 4, CONV[1], CONV_DENSE)
    given["dense"]["W"] = W.transpose(2, 0, 1, 3).reshape(-1, CONV_DENSE)  # channels come first in a flat row
    return nn.Sequential(
        _conv(given["conv1"]), nn.ReLU(), nn.MaxPool2d(2),
        _conv(given["conv2"]), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), _linear(given["dense"]), nn.ReLU(), _linear(given["head"]),
    )  # fmt: skip


class _Recurrent(nn.Module):
    def __init__(self, of: Workload) -> None:
        super().__init__()
        given = of.weights()
        self.lstm = nn.LSTM(of.row[1], WIDTH, batch_first=True)
        _put(self.lstm.weight_ih_l0, given["lstm"]["W"].T)
        _put(self.lstm.weight_hh_l0, given["lstm"]["U"].T)
        _put(self.lstm.bias_ih_l0, given["lstm"]["b"])
        nn.init.zeros_(self.lstm.bias_hh_l0).requires_grad_(False)  # its second bias adds nothing
        self.head = _linear(given["head"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class _Transformer(nn.Module):
    def __init__(self, of: Workload) -> None:
        super().__init__()
        given = of.weights()
        mine = given["attention"]
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        _put(self.attention.in_proj_weight, _stacked(mine[f"W{name}"].T for name in "qkv"))
        _put(self.attention.in_proj_bias, _stacked(mine[f"b{name}"] for name in "qkv"))
        _put(self.attention.out_proj.weight, mine["Wo"].T)
        _put(self.attention.out_proj.bias, mine["bo"])
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        for norm, name in ((self.norm1, "norm1"), (self.norm2, "norm2")):
            _put(norm.bias, given[name]["beta"])
        self.up, self.down, self.head = (_linear(given[name]) for name in ("up", "down", "head"))
        assert self.up.out_features == FEED_FORWARD

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.attention(x, x, x, need_weights=False)[0])
        x = self.norm2(x + self.down(self.up(x).relu()))
        return self.head(x.mean(dim=1))


def _stacked(parts: Any) -> Any:
    return torch.cat([torch.tensor(part) for part in parts]).numpy()


NETWORKS: dict[str, Callable[[Workload], nn.Module]] = {
    "mlp": _mlp, "cnn": _cnn, "lstm": _Recurrent, "transformer": _Transformer
}  # fmt: skip
