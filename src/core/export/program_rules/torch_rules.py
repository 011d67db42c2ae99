"""PyTorch: its own modules wherever they mean the same. They want the channels first."""

from __future__ import annotations

import math

import numpy as np

from core.backend.convolution import Pair
from core.export.geometry import convolution_pads, pool_pads
from core.export.program_rules import module_rules, shared
from core.export.program_rules.module_rules import NORM, bent
from core.export.program_rules.writing import Dialect, Saved, Step, sizes
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
    """The channels behind the rows. Where there is one channel, or one position, nothing moves in memory; PyTorch 2.13
    then takes the strides that movedim leaves for another layout, and convolves wrongly on processors with AVX-512."""
    *positions, channels = place.inputs[0]
    if not positions:
        return place.xs[0]
    if channels == 1 or math.prod(positions) == 1:
        return f"{place.xs[0]}.reshape(-1, {sizes((channels, *positions))})"
    return f"{place.xs[0]}.movedim(-1, 1)"


def _last(place: Place, text: str) -> str:
    return text if place.rank == 2 else f"{text}.movedim(1, -1)"


def _flat(pads: list[Pair]) -> str:
    """As F.pad takes them, the last axis first; "" for none."""
    return str(tuple(n for pair in reversed(pads) for n in pair)) if any(map(any, pads)) else ""


def _convolution(place: Place, dialect: Dialect) -> Step:
    x, made, pads = _first(place), module_rules.convolution(place), convolution_pads(place)
    if any(before != after for before, after in pads):
        x = f"F.pad({x}, {_flat(pads)})"
    elif any(map(any, pads)):
        made += f", padding={tuple(before for before, _ in pads)}"
    axes = place.rank - 2
    saved = {"W": Saved("weight", (axes + 1, axes, *range(axes))), "b": Saved("bias")}
    return Step(_last(place, bent(place, dialect, f"self.{place.name}({x})")), f"{made})", saved)


def _max_pool(place: Place, dialect: Dialect) -> Step:
    x, pads = _first(place), _flat(pool_pads(place))
    x = f'F.pad({x}, {pads}, value=float("-inf"))' if pads else x
    return Step(_last(place, f"self.{place.name}({x})"), module_rules.pool(place, "MaxPool"))


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    x, pads = _first(place), _flat(pool_pads(place))
    value = f"average(self.{place.name}, {x}, {pads})" if pads else f"self.{place.name}({x})"
    return Step(_last(place, value), module_rules.pool(place, "AvgPool"))


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
    made = f"nn.{name}({place.inputs[0][-1]}, {place.layer.units}, batch_first=True{more})"
    value = f"self.{place.name}({place.xs[0]})[0]" + ("" if place.layer.sequences else "[:, -1]")
    second = {} if "bu" in place.p else {"bias_hh_l0": np.zeros_like(place.p["b"])}
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

PIECES = {
    **module_rules.PIECES,
    "average": '''
def average(pool, x, pad):
    """The mean of every window over the values that are no padding."""
    return pool(F.pad(x, pad)) / pool(F.pad(torch.ones_like(x), pad))
''',
}

WORDS = {
    **shared.words(ACTIVATIONS),
    "call": "forward",
    "repeat": "{x}.repeat_interleave({times}, dim={axis})",
    "max": "amax",
    "concat": "torch.cat([{}], dim=-1)",
    "array": "torch.from_numpy({})",
    "modules": "nn.ModuleList(nn.Embedding(n, width) for n in tokens)",
    "others": "x[:, list(self.others)]",
    "code": "(x[:, column].clamp(0, tokens - 1) + 0.5).long()",
    "joined": "torch.cat(parts, dim=-1)",
}
