"""PyTorch: its own modules wherever they mean the same. They want the channels first."""

from __future__ import annotations

import numpy as np

from core.backend.convolution import padding
from core.export.program_rules import module_rules, shared
from core.export.program_rules.module_rules import NORM, bent, no_bias
from core.export.program_rules.writing import Dialect, Saved, Step
from core.export.walk import Place

ACTIVATIONS = {
    "linear": "{}",
    "relu": "F.relu({})",
    "leaky_relu": "F.leaky_relu({}, 0.01)",
    "elu": "F.elu({})",
    "gelu": 'F.gelu({}, approximate="tanh")',
    "silu": "F.silu({})",
    "tanh": "torch.tanh({})",
    "sigmoid": "torch.sigmoid({})",
    "softplus": "F.softplus({})",
    "softmax": "torch.softmax({}, dim=-1)",
}


def _first(place: Place) -> str:
    return place.xs[0] if place.rank == 2 else f"{place.xs[0]}.movedim(-1, 1)"


def _last(place: Place, text: str) -> str:
    return text if place.rank == 2 else f"{text}.movedim(1, -1)"


def _padded(x: str, pads: list[tuple[int, int]], value: str = "") -> str:
    """F.pad begins with the last axis."""
    if not any(map(any, pads)):
        return x
    flat = ", ".join(str(n) for pair in reversed(pads) for n in pair)
    return f"F.pad({x}, ({flat}){value})"


def _convolution(place: Place, dialect: Dialect) -> Step:
    layer, axes, channels = place.layer, place.rank - 2, place.inputs[0][-1]
    per_axis = [v if isinstance(v, tuple) else (v,) for v in (layer.kernel, layer.stride, layer.dilation)]
    pads = [padding(layer.padding, *axis) for axis in zip(place.inputs[0], *per_axis, strict=False)]
    asked = [str(channels), str(layer.filters), str(layer.kernel)]
    asked += [f"stride={layer.stride}"] if set(per_axis[1]) != {1} else []
    asked += [f"dilation={layer.dilation}"] if set(per_axis[2]) != {1} else []
    asked += [f"groups={layer.groups}"] if layer.groups > 1 else []
    x = _first(place)
    if all(before == after for before, after in pads):
        asked += [f"padding={tuple(before for before, _ in pads)}"] if any(map(any, pads)) else []
    else:
        x = _padded(x, pads)
    made = f"nn.Conv{axes}d({', '.join(asked)}{no_bias(place)})"
    saved = {"W": Saved("weight", (axes + 1, axes, *range(axes))), "b": Saved("bias")}
    return Step(_last(place, bent(place, dialect, f"self.{place.name}({x})")), made, saved)


def _max_pool(place: Place, dialect: Dialect) -> Step:
    pads, made = _pool(place, "MaxPool")
    x = _padded(_first(place), pads, ', value=float("-inf")')
    return Step(_last(place, f"self.{place.name}({x})"), made)


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    """Where zeros stand around the values, the mean over the window is divided by the share that is no padding."""
    pads, made = _pool(place, "AvgPool")
    value = f"self.{place.name}({_padded(_first(place), pads)})"
    if any(map(any, pads)):
        ones = f"torch.ones_like({_first(place)})"
        value = f"({value} / self.{place.name}({_padded(ones, pads)}))"
    return Step(_last(place, value), made)


def _pool(place: Place, name: str) -> tuple[list[tuple[int, int]], str]:
    layer = place.layer
    stride = layer.stride or layer.size
    pads = [padding(layer.padding, n, layer.size, stride, 1) for n in place.inputs[0][:-1]]
    return pads, f"nn.{name}{place.rank - 2}d({layer.size}, {stride})"


def _batch_norm(place: Place, dialect: Dialect) -> Step:
    channels, layer = place.inputs[0][-1], place.layer
    made = f"nn.BatchNorm{max(1, place.rank - 2)}d({channels}, eps={layer.epsilon!r}, momentum={layer.momentum!r})"
    return Step(_last(place, f"self.{place.name}({_first(place)})"), made, NORM)


def _group_norm(place: Place, dialect: Dialect) -> Step:
    made = f"nn.GroupNorm({place.layer.groups}, {place.inputs[0][-1]}, eps={place.layer.epsilon!r})"
    return Step(_last(place, f"self.{place.name}({_first(place)})"), made, NORM)


def _prelu(place: Place, dialect: Dialect) -> Step:
    made = f"nn.PReLU({place.inputs[0][-1]})"
    return Step(_last(place, f"self.{place.name}({_first(place)})"), made, {"a": Saved("weight")})


def _embedding(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    made = f"nn.Embedding({layer.tokens}, {layer.width}{', padding_idx=0' if layer.padding else ''})"
    value = f"self.{place.name}(({place.xs[0]}.clamp(0, {layer.tokens - 1}) + 0.5).long())"
    return Step(value, made, {"W": Saved("weight")})


def _simple_rnn(place: Place, dialect: Dialect) -> Step:
    function = place.layer.activation
    if function in ("tanh", "relu") and _plain(place):
        return _own_recurrent(place, "RNN", f', nonlinearity="{function}"')
    return module_rules.simple_rnn(place, dialect)


def _lstm(place: Place, dialect: Dialect) -> Step:
    return _own_recurrent(place, "LSTM") if _plain(place) else module_rules.lstm(place, dialect)


def _gru(place: Place, dialect: Dialect) -> Step:
    return _own_recurrent(place, "GRU") if _plain(place) else module_rules.gru(place, dialect)


def _plain(place: Place) -> bool:
    """PyTorch's recurrent modules run forwards and know no padding inside a row."""
    return not place.layer.skip_padding and not place.layer.reverse


def _own_recurrent(place: Place, name: str, more: str = "") -> Step:
    saved = {
        "W": Saved("weight_ih_l0", (1, 0)), "b": Saved("bias_ih_l0"),
        "U": Saved("weight_hh_l0", (1, 0)), "bu": Saved("bias_hh_l0"),
    }  # fmt: skip
    made = f"nn.{name}({place.inputs[0][-1]}, {place.layer.units}, batch_first=True{more}{no_bias(place)})"
    value = f"self.{place.name}({place.xs[0]})[0]" + ("" if place.layer.sequences else "[:, -1]")
    second = {"bias_hh_l0": np.zeros_like(place.p["b"])} if "b" in place.p and "bu" not in place.p else {}
    return Step(value, made, saved, second)


RULES = {
    **module_rules.RULES,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
    "prelu": _prelu,
    "embedding": _embedding,
    "simple_rnn": _simple_rnn,
    "lstm": _lstm,
    "gru": _gru,
}

WORDS = {
    **shared.words(ACTIVATIONS),
    "call": "forward",
    "repeat": "{x}.repeat_interleave({times}, dim={axis})",
    "max": "amax",
    "concat": "torch.cat([{}], dim=-1)",
    "array": "torch.from_numpy({})",
}
