"""MLX: its own modules wherever they mean the same. Channels are last there as they are here."""

from __future__ import annotations

from core.backend.convolution import padding
from core.export.program_rules import module_rules, shared
from core.export.program_rules.module_rules import NORM, bent, no_bias
from core.export.program_rules.writing import Dialect, Saved, Step
from core.export.walk import Place

ACTIVATIONS = {
    "linear": "{}",
    "relu": "nn.relu({})",
    "leaky_relu": "nn.leaky_relu({}, 0.01)",
    "elu": "nn.elu({}, 1.0)",
    "gelu": "nn.gelu_approx({})",
    "silu": "nn.silu({})",
    "tanh": "mx.tanh({})",
    "sigmoid": "mx.sigmoid({})",
    "softplus": "nn.softplus({})",
    "softmax": "mx.softmax({}, axis=-1)",
}


def _padded(x: str, pads: list[tuple[int, int]], value: str = "") -> str:
    return f"mx.pad({x}, {[(0, 0), *pads, (0, 0)]}{value})" if any(map(any, pads)) else x


def _convolution(place: Place, dialect: Dialect) -> Step:
    layer, axes = place.layer, place.rank - 2
    per_axis = [v if isinstance(v, tuple) else (v,) for v in (layer.kernel, layer.stride, layer.dilation)]
    pads = [padding(layer.padding, *axis) for axis in zip(place.inputs[0], *per_axis, strict=False)]
    asked = [str(place.inputs[0][-1]), str(layer.filters), str(layer.kernel)]
    asked += [f"stride={layer.stride}"] if set(per_axis[1]) != {1} else []
    asked += [f"dilation={layer.dilation}"] if set(per_axis[2]) != {1} else []
    asked += [f"groups={layer.groups}"] if layer.groups > 1 else []
    x = place.xs[0]
    if all(before == after for before, after in pads):
        around = tuple(before for before, _ in pads)
        asked += [f"padding={around if axes > 1 else around[0]}"] if any(around) else []
    else:
        x = _padded(x, pads)
    made = f"nn.Conv{axes}d({', '.join(asked)}{no_bias(place)})"
    saved = {"W": Saved("weight", (axes + 1, *range(axes), axes)), "b": Saved("bias")}
    return Step(bent(place, dialect, f"self.{place.name}({x})"), made, saved)


def _max_pool(place: Place, dialect: Dialect) -> Step:
    pads, made = _pool(place, "MaxPool")
    x = _padded(place.xs[0], pads, ', constant_values=float("-inf")')
    return Step(f"self.{place.name}({x})", made)


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    """Where zeros stand around the values, the mean over the window is divided by the share that is no padding."""
    pads, made = _pool(place, "AvgPool")
    value = f"self.{place.name}({_padded(place.xs[0], pads)})"
    if any(map(any, pads)):
        value = f"{value} / self.{place.name}({_padded(f'mx.ones_like({place.xs[0]})', pads)})"
    return Step(value, made)


def _pool(place: Place, name: str) -> tuple[list[tuple[int, int]], str]:
    layer = place.layer
    stride = layer.stride or layer.size
    pads = [padding(layer.padding, n, layer.size, stride, 1) for n in place.inputs[0][:-1]]
    return pads, f"nn.{name}{place.rank - 2}d({layer.size}, {stride})"


def _batch_norm(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    made = f"nn.BatchNorm({place.inputs[0][-1]}, eps={layer.epsilon!r}, momentum={layer.momentum!r})"
    return Step(f"self.{place.name}({place.xs[0]})", made, NORM)


def _group_norm(place: Place, dialect: Dialect) -> Step:
    how = f"eps={place.layer.epsilon!r}, pytorch_compatible=True"
    made = f"nn.GroupNorm({place.layer.groups}, {place.inputs[0][-1]}, {how})"
    return Step(f"self.{place.name}({place.xs[0]})", made, NORM)


def _prelu(place: Place, dialect: Dialect) -> Step:
    made = f"nn.PReLU({place.inputs[0][-1]})"
    return Step(f"self.{place.name}({place.xs[0]})", made, {"a": Saved("weight")})


def _embedding(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    value = f"self.{place.name}((mx.clip({place.xs[0]}, 0, {layer.tokens - 1}) + 0.5).astype(mx.int32))"
    return Step(value, f"nn.Embedding({layer.tokens}, {layer.width})", {"W": Saved("weight")})


def _lstm(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    if layer.skip_padding or layer.reverse:
        return module_rules.lstm(place, dialect)
    saved = {"W": Saved("Wx", (1, 0)), "U": Saved("Wh", (1, 0)), "b": Saved("bias")}
    made = f"nn.LSTM({place.inputs[0][-1]}, {layer.units}{no_bias(place)})"
    return Step(f"self.{place.name}({place.xs[0]})[0]" + ("" if layer.sequences else "[:, -1]"), made, saved)


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
    "lstm": _lstm,
}

WORDS = {
    **shared.words(ACTIVATIONS),
    "call": "__call__",
    "repeat": "mx.repeat({x}, {times}, axis={axis})",
    "max": "max",
    "concat": "mx.concatenate([{}], axis=-1)",
    "array": "mx.array({})",
}
