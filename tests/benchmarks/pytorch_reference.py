"""What PyTorch computes: 100 steps of its optimizers on two small networks, its losses and its schedules.

The answers lie in tests/core/reference, so that the tests need no PyTorch. Where it is installed this
compares them with what it computes now (exit code 1 where they differ); with --write it makes them again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

try:
    import torch
    from torch import nn
except ImportError:
    print("PyTorch is not installed: nothing to compare with.")
    sys.exit(0)

FOLDER = Path(__file__).resolve().parents[1] / "core" / "reference"
INPUTS, HIDDEN, CLASSES = 6, 8, 3
SIDE, FILTERS = 8, (4, 6)  # images of one channel; the first convolution keeps the size, the second does not
FLAT = (SIDE // 2 - 2) ** 2 * FILTERS[1]
ROWS, BATCH, STEPS = 80, 16, 100
NEAR = 1e-5  # between PyTorch's own versions and processors


def start() -> dict[str, Any]:
    """Rows, classes and first weights, the weights as (inputs, outputs)."""
    rng = np.random.default_rng(5)
    shapes = [(INPUTS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, CLASSES)]
    x = rng.normal(size=(ROWS, INPUTS)).round(3)
    t = (x[:, :CLASSES] + 0.3 * rng.normal(size=(ROWS, CLASSES))).argmax(axis=1)
    weights = [[rng.normal(0, n**-0.5, (n, m)).round(3), rng.normal(0, 0.1, m).round(3)] for n, m in shapes]
    return {"x": x, "t": t, "weights": weights, "batch": BATCH, "steps": STEPS}


def network(weights: list[Any]) -> nn.Sequential:
    made = nn.Sequential(
        nn.Linear(INPUTS, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
    ).double()
    with torch.no_grad():
        for layer, (W, b) in zip((made[0], made[2], made[4]), weights, strict=True):
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.copy_(torch.tensor(b))
    return made


def cnn_start() -> dict[str, Any]:
    """Images, classes and first weights, as the program lays them out: channels last, outputs last."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(ROWS, SIDE, SIDE, 1)).round(3)
    parts = (x[:, : SIDE // 2], x[:, SIDE // 2 :], x[:, :, : SIDE // 2])
    shapes = [(3, 3, 1, FILTERS[0]), (3, 3, *FILTERS), (FLAT, CLASSES)]
    weights = [
        [rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape).round(3), rng.normal(0, 0.1, shape[-1]).round(3)]
        for shape in shapes
    ]
    t = np.argmax([part.sum(axis=(1, 2, 3)) for part in parts], axis=0)
    return {"x": x, "t": t, "weights": weights, "batch": BATCH, "steps": STEPS}


def channels_first(W: np.ndarray) -> np.ndarray:
    """A kernel or a matrix in PyTorch's layout; its flat row counts the channels first, ours last."""
    if W.ndim == 4:
        return W.transpose(3, 2, 0, 1)
    side = SIDE // 2 - 2
    return W.reshape(side, side, FILTERS[1], -1).transpose(3, 2, 0, 1).reshape(W.shape[1], -1)


def channels_last(W: np.ndarray) -> np.ndarray:
    """The inverse of `channels_first`."""
    if W.ndim == 4:
        return W.transpose(2, 3, 1, 0)
    side = SIDE // 2 - 2
    return W.reshape(-1, FILTERS[1], side, side).transpose(2, 3, 1, 0).reshape(-1, W.shape[0])


def cnn(weights: list[Any]) -> nn.Sequential:
    made = nn.Sequential(
        nn.Conv2d(1, FILTERS[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(*FILTERS, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(FLAT, CLASSES),
    ).double()  # fmt: skip
    with torch.no_grad():
        for layer, (W, b) in zip((made[0], made[3], made[6]), weights, strict=True):
            layer.weight.copy_(torch.tensor(channels_first(W)))
            layer.bias.copy_(torch.tensor(b))
    return made


def cnn_trained(given: dict[str, Any], kind: str) -> dict[str, Any]:
    net = cnn(given["weights"])
    x = torch.tensor(given["x"].transpose(0, 3, 1, 2).copy())
    rate = steps(net, x, torch.tensor(given["t"]), kind)
    final = [[channels_last(p.weight.detach().numpy()), p.bias.detach().numpy()] for p in (net[0], net[3], net[6])]
    return {"kind": kind, "rate": rate, "weights": final}


def groups(net: nn.Sequential, decay: float) -> list[dict[str, Any]]:
    """Weights decay, biases do not."""
    named = list(net.named_parameters())
    return [
        {"params": [p for n, p in named if n.endswith("weight")], "weight_decay": decay},
        {"params": [p for n, p in named if n.endswith("bias")], "weight_decay": 0.0},
    ]


OPTIMIZERS = {
    "sgd": lambda net: torch.optim.SGD(net.parameters(), lr=0.1),
    "momentum": lambda net: torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9),
    "nesterov": lambda net: torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, nesterov=True),
    "adagrad": lambda net: torch.optim.Adagrad(net.parameters(), lr=0.05),
    "rmsprop": lambda net: torch.optim.RMSprop(net.parameters(), lr=0.003),
    "adam": lambda net: torch.optim.Adam(net.parameters(), lr=0.01),
    "adamw": lambda net: torch.optim.AdamW(groups(net, 0.3), lr=0.01),
    "nadam": lambda net: torch.optim.NAdam(net.parameters(), lr=0.005),
}


def steps(net: nn.Sequential, x: Any, t: Any, kind: str, clip: Callable[[Any], Any] = lambda parameters: None) -> float:
    """Train, and tell the learning rate."""
    optimizer = OPTIMIZERS[kind](net)
    for step in range(STEPS):
        at = step * BATCH % ROWS
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[at : at + BATCH]), t[at : at + BATCH])
        loss.backward()
        clip(list(net.parameters()))
        optimizer.step()
    return optimizer.param_groups[0]["lr"]


def trained(given: dict[str, Any], kind: str, *, clip_norm: float = 0.0, clip_value: float = 0.0) -> dict[str, Any]:
    def clip(parameters: Any) -> None:
        if clip_value:
            nn.utils.clip_grad_value_(parameters, clip_value)
        if clip_norm:
            nn.utils.clip_grad_norm_(parameters, clip_norm)

    net = network(given["weights"])
    rate = steps(net, torch.tensor(given["x"]), torch.tensor(given["t"]), kind, clip)
    final = [[p.weight.detach().numpy().T, p.bias.detach().numpy()] for p in (net[0], net[2], net[4])]
    return {"kind": kind, "rate": rate, "clip_norm": clip_norm, "clip_value": clip_value, "weights": final}


def losses() -> list[dict[str, Any]]:
    """Values and gradients. factor: ours times this is PyTorch's, where the two divide by something else."""
    f, rng = nn.functional, np.random.default_rng(6)
    z, numbers_z = 2 * rng.normal(size=(9, 4)), 2 * rng.normal(size=(9, 1))
    t, numbers = rng.integers(0, 4, 9), rng.normal(size=(9, 1)).round(6)
    binary, counts = rng.integers(0, 2, 9), rng.poisson(2.0, (9, 1)).astype(float)
    weights = [0.3, 2.0, 1.0, 0.7]
    w = torch.tensor(weights).double()
    per_weight = 9 / w[torch.tensor(t)].sum().item()
    cases: list[tuple[str, str, Any, Any, Any, dict[str, Any]]] = [
        ("cross-entropy", "softmax_cross_entropy", z, t, f.cross_entropy, {}),
        (
            "smoothed", "softmax_cross_entropy", z, t,
            lambda a, b: f.cross_entropy(a, b, label_smoothing=0.2), {"smoothing": 0.2},
        ),
        (
            "smoothed and weighted", "softmax_cross_entropy", z, t,
            lambda a, b: f.cross_entropy(a, b, weight=w, label_smoothing=0.2),
            {"smoothing": 0.2, "class_weights": weights, "factor": per_weight},
        ),
        (
            "binary", "binary_cross_entropy", numbers_z, binary,
            lambda a, b: f.binary_cross_entropy_with_logits(a[:, 0], b.double()), {},
        ),
        ("hinge", "hinge", z, t, f.multi_margin_loss, {"factor": 1 / 4}),
        ("mse", "mse", numbers_z, numbers, f.mse_loss, {}),
        ("mae", "mae", numbers_z, numbers, f.l1_loss, {}),
        ("huber", "huber", numbers_z, numbers, f.huber_loss, {}),
        ("poisson", "poisson", numbers_z, counts, f.poisson_nll_loss, {}),
    ]  # fmt: skip
    answers = []
    for what, kind, raw, targets, loss, settings in cases:
        outputs = torch.tensor(raw.round(6), requires_grad=True)
        value = loss(outputs, torch.tensor(targets))
        value.backward()
        answer = {"what": what, "kind": kind, "z": raw.round(6), "t": targets, "factor": 1.0, **settings}
        answers.append({**answer, "value": value.item(), "gradient": outputs.grad.numpy()})
    return answers


def schedules() -> list[dict[str, Any]]:
    """The learning rate of each of 60 steps."""
    s, steps, base = torch.optim.lr_scheduler, 60, 0.2
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"kind": "constant"}, lambda o: s.ConstantLR(o, factor=1.0)),
        ({"kind": "step", "drops": 2, "factor": 0.1}, lambda o: s.StepLR(o, step_size=20, gamma=0.1)),
        ({"kind": "exponential", "final": 0.01}, lambda o: s.ExponentialLR(o, gamma=0.01 ** (1 / steps))),
        ({"kind": "cosine", "final": 0.05}, lambda o: s.CosineAnnealingLR(o, T_max=steps, eta_min=0.05 * base)),
        ({"kind": "warm_up", "warm_up": 0.1}, lambda o: s.LinearLR(o, start_factor=1 / 6, total_iters=5)),
        ({"kind": "one_cycle"}, lambda o: s.OneCycleLR(o, max_lr=base, total_steps=steps)),
    ]
    answers = []
    for schedule, make in cases:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
        made, rates = make(optimizer), []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if len(rates) < steps:
                made.step()
        answers.append({"schedule": schedule, "base": base, "rates": np.array(rates)})
    return answers


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.round(7).tolist()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def answers() -> dict[str, dict[str, Any]]:
    """By file name."""
    given, images = start(), cnn_start()
    runs = [trained(given, kind) for kind in OPTIMIZERS]
    runs += [trained(given, "sgd", clip_norm=0.05), trained(given, "sgd", clip_value=0.01)]
    cnn_runs = [cnn_trained(images, kind) for kind in ("momentum", "rmsprop", "adam")]
    return {
        "pytorch.json": {"start": given, "runs": runs, "losses": losses(), "schedules": schedules()},
        "pytorch_cnn.json": {"start": images, "runs": cnn_runs},
    }


def main() -> int:
    far = 0
    for name, answer in answers().items():
        path, found = FOLDER / name, plain({"pytorch": torch.__version__, **answer})
        if "--write" in sys.argv:
            path.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
            print(f"{name}: {path.stat().st_size:,} bytes")
            continue
        pairs = zip(numbers(json.loads(path.read_text(encoding="utf-8"))), numbers(found), strict=True)
        largest = max(abs(a - b) for a, b in pairs)
        print(f"{name}, PyTorch {torch.__version__}: largest difference {largest:.1e}")
        far += largest > NEAR
    return 1 if far else 0


def numbers(value: Any) -> list[float]:
    """All numbers in a nested value, in order."""
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, (int, float)) else []


if __name__ == "__main__":
    sys.exit(main())
