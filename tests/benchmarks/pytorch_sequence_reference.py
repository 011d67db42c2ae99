"""What PyTorch's own layers answer on small sequences.

The answers lie in tests/core/reference, so that the tests need no PyTorch. Where it is installed this
compares them with what it computes now (exit code 1 where they differ); with --write it makes them again.

In float64 from the same weights: outputs and all gradients of LSTM, GRU, RNN, multi-head attention and embedding, with
padding at the end of the second row told to PyTorch as lengths, as a mask or as an index.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

try:
    import torch
except ImportError:
    print("PyTorch is not installed: nothing to compare with.")
    sys.exit(0)

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

from core.layers import layer_from_json, layer_to_json

STORED = ROOT / "tests" / "core" / "reference" / "sequence.json"
ROWS, STEPS, WIDTH = 2, 4, 4
LENGTHS = (4, 2)
NEAR = 1e-9  # between PyTorch's own versions and processors
CASES: tuple[dict[str, Any], ...] = (
    {"kind": "lstm", "units": 3},
    {"kind": "lstm", "units": 3, "sequences": True},
    {"kind": "lstm", "units": 2, "sequences": True, "reverse": True, "skip_padding": False},
    {"kind": "gru", "units": 3},
    {"kind": "gru", "units": 3, "sequences": True},
    {"kind": "gru", "units": 2, "reverse": True, "skip_padding": False},
    {"kind": "simple_rnn", "units": 3, "sequences": True},
    {"kind": "simple_rnn", "units": 3, "activation": "relu"},
    {"kind": "attention", "heads": 2},
    {"kind": "attention", "heads": 2, "causal": True},
    {"kind": "attention", "heads": 4, "skip_padding": False},
    {"kind": "embedding", "tokens": 5, "width": 3, "padding": True},
)
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}


def _tensor(a: np.ndarray) -> torch.Tensor:
    return torch.tensor(a, dtype=torch.float64, requires_grad=True)


def _recurrent(layer: Any, p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    more = {"nonlinearity": layer.activation} if layer.kind == "simple_rnn" else {}
    module = MODULES[layer.kind](WIDTH, layer.units, batch_first=True, dtype=torch.float64, **more)
    named = {
        "weight_ih_l0": p["W"].T, "weight_hh_l0": p["U"].T, "bias_ih_l0": p["b"],
        "bias_hh_l0": p.get("bu", torch.zeros_like(p["b"])),
    }  # fmt: skip
    given = x.flip(1) if layer.reverse else x
    if layer.skip_padding:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        given = pack(given, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    every, last = torch.func.functional_call(module, named, (given,))
    if not layer.sequences:
        return (last[0] if layer.kind == "lstm" else last)[0]
    if layer.skip_padding:
        every, _ = torch.nn.utils.rnn.pad_packed_sequence(every, batch_first=True)
    return every.flip(1) if layer.reverse else every


def _attention(layer: Any, p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    module = torch.nn.MultiheadAttention(WIDTH, layer.heads, batch_first=True, dtype=torch.float64)
    named = {
        "in_proj_weight": torch.cat([p["Wq"].T, p["Wk"].T, p["Wv"].T]),
        "in_proj_bias": torch.cat([p["bq"], torch.zeros_like(p["bq"]), p["bv"]]),
        "out_proj.weight": p["Wo"].T,
        "out_proj.bias": p["bo"],
    }
    padded = torch.arange(STEPS)[None] >= torch.tensor(LENGTHS)[:, None]
    later = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1)
    masks = {"key_padding_mask": padded if layer.skip_padding else None, "attn_mask": later if layer.causal else None}
    y = torch.func.functional_call(module, named, (x, x, x), {**masks, "need_weights": False})[0]
    return y.masked_fill(padded[..., None], 0.0) if layer.skip_padding else y


def _embedding(layer: Any, p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.embedding(x.long(), p["W"], padding_idx=0)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """The case as JSON: layer, parameters, x, dy; y and gradients as PyTorch finds them."""
    layer, rng = layer_from_json(case), np.random.default_rng(7)
    tokens = layer.kind == "embedding"
    shape = (STEPS,) if tokens else (STEPS, WIDTH)
    x = rng.integers(1, 5, (ROWS, *shape)).astype(float) if tokens else rng.normal(size=(ROWS, *shape))
    if getattr(layer, "skip_padding", True):
        x[1, LENGTHS[1] :] = 0.0
    start = {name: rng.normal(0.0, 0.5, size) for name, size in layer.parameter_shapes(shape).items()}
    if tokens:
        start["W"][0] = 0.0
    p, tensor = {name: _tensor(a) for name, a in start.items()}, _tensor(x)
    compute = {"attention": _attention, "embedding": _embedding}.get(layer.kind, _recurrent)
    y = compute(layer, p, tensor)
    dy = rng.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    found: dict[str, Any] = {
        "p": start, "x": x, "dy": dy, "y": y.detach().numpy(),
        "dx": np.zeros_like(x) if tensor.grad is None else tensor.grad.numpy(),
        "dp": {name: t.grad.numpy() for name, t in p.items() if t.grad is not None},
    }  # fmt: skip
    return {"layer": layer_to_json(layer), **_plain(found)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    return np.round(value, 12).tolist()


def differs(a: Any, b: Any) -> bool:
    """Whether two answers differ in a name, a shape or by more than `NEAR`."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() != b.keys() or any(differs(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) != len(b) or any(map(differs, a, b))
    return not (a == b or (isinstance(a, float) and isinstance(b, float) and abs(a - b) <= NEAR))


def main() -> None:
    found = [answer(case) for case in CASES]
    if "--write" in sys.argv:
        stored = {"torch": torch.__version__.partition("+")[0], "cases": found}
        STORED.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    known = json.loads(STORED.read_text(encoding="utf-8"))["cases"]
    wrong = [case["kind"] for case, a, b in zip(CASES, found, known, strict=True) if differs(a, b)]
    print(f"{len(CASES)} layers on sequences: {'differ: ' + ', '.join(wrong) if wrong else 'as stored'}.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
