"""What PyTorch computes: 100 steps of its optimizers on a small network, its losses and its schedules.

The answers lie in tests/core/reference/pytorch.json, so that the tests need no PyTorch. Where it is installed this
compares them with what it computes now; with --write it makes them again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

try:
    import torch
    from torch import nn
except ImportError:
    print("PyTorch is not installed: nothing to compare with.")
    sys.exit(0)

OUT = Path(__file__).resolve().parents[1] / "core" / "reference" / "pytorch.json"
INPUTS, HIDDEN, CLASSES = 6, 8, 3
ROWS, BATCH, STEPS = 80, 16, 100


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


def trained(given: dict[str, Any], kind: str, *, clip_norm: float = 0.0, clip_value: float = 0.0) -> dict[str, Any]:
    net = network(given["weights"])
    optimizer = OPTIMIZERS[kind](net)
    x, t = torch.tensor(given["x"]), torch.tensor(given["t"])
    for step in range(STEPS):
        at = step * BATCH % ROWS
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[at : at + BATCH]), t[at : at + BATCH])
        loss.backward()
        if clip_value:
            nn.utils.clip_grad_value_(net.parameters(), clip_value)
        if clip_norm:
            nn.utils.clip_grad_norm_(net.parameters(), clip_norm)
        optimizer.step()
    layers = (net[0], net[2], net[4])
    rate = optimizer.param_groups[0]["lr"]
    final = [[p.weight.detach().numpy().T, p.bias.detach().numpy()] for p in layers]
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


def main() -> None:
    given = start()
    runs = [trained(given, kind) for kind in OPTIMIZERS]
    runs += [trained(given, "sgd", clip_norm=0.05), trained(given, "sgd", clip_value=0.01)]
    answer = {"pytorch": torch.__version__, "start": given, "runs": runs, "losses": losses(), "schedules": schedules()}
    if "--write" in sys.argv:
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(plain(answer), separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{OUT.name}: {OUT.stat().st_size:,} bytes")
        return
    kept = numbers(json.loads(OUT.read_text(encoding="utf-8")))
    found = numbers(plain(answer))
    largest = max(abs(a - b) for a, b in zip(kept, found, strict=True))
    print(f"PyTorch {torch.__version__}: {len(found):,} numbers, largest difference {largest:.1e}")


def numbers(value: Any) -> list[float]:
    """All numbers in a nested value, in order."""
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list):
        return [n for v in value for n in numbers(v)]
    return [value] if isinstance(value, (int, float)) else []


if __name__ == "__main__":
    main()
