"""MLX: its own modules wherever they mean the same. Channels are last there as they are here."""

from __future__ import annotations

from core.backend.convolution import Pair
from core.export.geometry import convolution_pads, pool_pads
from core.export.program_rules import module_rules, shared
from core.export.program_rules.module_rules import NORM, bent
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


def _around(pads: list[Pair]) -> str:
    """As mx.pad takes them; "" for none."""
    return str([(0, 0), *pads, (0, 0)]) if any(map(any, pads)) else ""


def _convolution(place: Place, dialect: Dialect) -> Step:
    x, made, pads = place.xs[0], module_rules.convolution(place), convolution_pads(place)
    if any(before != after for before, after in pads):
        x = f"mx.pad({x}, {_around(pads)})"
    elif any(map(any, pads)):
        each = tuple(before for before, _ in pads)
        made += f", padding={each if len(each) > 1 else each[0]}"
    axes = place.rank - 2
    saved = {"W": Saved("weight", (axes + 1, *range(axes), axes)), "b": Saved("bias")}
    return Step(bent(place, dialect, f"self.{place.name}({x})"), f"{made})", saved)


def _max_pool(place: Place, dialect: Dialect) -> Step:
    x, pads = place.xs[0], _around(pool_pads(place))
    x = f'mx.pad({x}, {pads}, constant_values=float("-inf"))' if pads else x
    return Step(f"self.{place.name}({x})", module_rules.pool(place, "MaxPool"))


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    x, pads = place.xs[0], _around(pool_pads(place))
    value = f"average(self.{place.name}, {x}, {pads})" if pads else f"self.{place.name}({x})"
    return Step(value, module_rules.pool(place, "AvgPool"))


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
    made = f"nn.LSTM({place.inputs[0][-1]}, {layer.units})"
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

PIECES = {
    **module_rules.PIECES,
    "average": '''
def average(pool, x, pad):
    """The mean of every window over the values that are no padding."""
    return pool(mx.pad(x, pad)) / pool(mx.pad(mx.ones_like(x), pad))
''',
}

WORDS = {
    **shared.words(ACTIVATIONS),
    "call": "__call__",
    "repeat": "mx.repeat({x}, {times}, axis={axis})",
    "max": "max",
    "concat": "mx.concatenate([{}], axis=-1)",
    "array": "mx.array({})",
    "modules": "[nn.Embedding(n, width) for n in tokens]",
    "others": "mx.take(x, mx.array(self.others), axis=1)",
    "code": "(mx.clip(x[:, column], 0, tokens - 1) + 0.5).astype(mx.int32)",
    "joined": "mx.concatenate(parts, axis=-1)",
}
