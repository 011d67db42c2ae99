"""NumPy: every layer in a line, and functions for what takes more."""

from __future__ import annotations

from core.backend.convolution import padding
from core.export.program_rules import shared
from core.export.program_rules.numpy_pieces import ACTIVATIONS, PIECES
from core.export.program_rules.writing import Dialect, Step
from core.export.walk import Place


def _weight(place: Place, name: str) -> str:
    return f'w["{place.name}.{name}"]'


def _bent(place: Place, dialect: Dialect, text: str) -> Step:
    return Step(dialect.activations[place.layer.activation].format(text))


def _product(place: Place, x: str, W: str, b: str) -> str:
    return f"{x} @ {_weight(place, W)}" + (f" + {_weight(place, b)}" if b in place.p else "")


def _dense(place: Place, dialect: Dialect) -> Step:
    return _bent(place, dialect, _product(place, place.xs[0], "W", "b"))


def _prelu(place: Place, dialect: Dialect) -> Step:
    x = place.xs[0]
    return Step(f"np.where({x} > 0, {x}, {_weight(place, 'a')} * {x})")


def _convolution(place: Place, dialect: Dialect) -> Step:
    layer, axes = place.layer, place.rank - 2
    per_axis = [v if isinstance(v, tuple) else (v,) for v in (layer.kernel, layer.stride, layer.dilation)]
    pads = [padding(layer.padding, *axis) for axis in zip(place.inputs[0], *per_axis, strict=False)]
    asked = [f"{place.xs[0]}, {_weight(place, 'W')}"]
    asked += [f"stride={layer.stride}"] if set(per_axis[1]) != {1} else []
    asked += [f"dilation={layer.dilation}"] if set(per_axis[2]) != {1} else []
    asked += [f"pad={pads if axes > 1 else pads[0]}"] if any(map(any, pads)) else []
    asked += [f"groups={layer.groups}"] if layer.groups > 1 else []
    bias = f" + {_weight(place, 'b')}" if "b" in place.p else ""
    return _bent(place, dialect, f"convolve{axes}d({', '.join(asked)}){bias}")


def _max_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"windows({_windows(place)}, fill=-np.inf).max({_inside(place)})")


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"np.nanmean(windows({_windows(place)}, fill=np.nan), {_inside(place)})")


def _windows(place: Place) -> str:
    layer = place.layer
    stride = layer.stride or layer.size
    pads = [padding(layer.padding, n, layer.size, stride, 1) for n in place.inputs[0][:-1]]
    return f"{place.xs[0]}, {layer.size}, {stride}" + (f", pad={pads}" if any(map(any, pads)) else "")


def _inside(place: Place) -> str:
    """The axes inside a window."""
    return "-1" if place.rank == 3 else "(-2, -1)"


def _batch_norm(place: Place, dialect: Dialect) -> Step:
    gamma, beta, mean, variance = (_weight(place, n) for n in ("gamma", "beta", "mean", "variance"))
    return Step(f"({place.xs[0]} - {mean}) / np.sqrt({variance} + {place.layer.epsilon!r}) * {gamma} + {beta}")


def _layer_norm(place: Place, dialect: Dialect) -> Step:
    scaled = f"{_weight(place, 'gamma')} + {_weight(place, 'beta')}"
    return Step(f"standardized({place.xs[0]}, -1, {place.layer.epsilon!r}) * {scaled}")


def _group_norm(place: Place, dialect: Dialect) -> Step:
    layer, scaled = place.layer, f"{_weight(place, 'gamma')} + {_weight(place, 'beta')}"
    return Step(f"group_standardized({place.xs[0]}, {layer.groups}, {layer.epsilon!r}) * {scaled}")


def _embedding(place: Place, dialect: Dialect) -> Step:
    return Step(f"look_up({place.xs[0]}, {_weight(place, 'W')})")


def _attention(place: Place, dialect: Dialect) -> Step:
    layer, x = place.layer, place.xs[0]
    q, k, v = (_product(place, x, f"W{part}", f"b{part}") for part in "qkv")
    there = f"present({x})" if layer.skip_padding else "None"
    mixed = f"attend({q}, {k}, {v}, {there}, heads={layer.heads}, causal={layer.causal})"
    y = _product(place, mixed, "Wo", "bo")
    return Step(f"np.where({there}, {y}, 0)" if layer.skip_padding else y)


def _recurrent(place: Place, cell: str, states: int) -> Step:
    layer, x = place.layer, place.xs[0]
    zero = f"np.zeros((len({x}), {layer.units}), np.float32)"
    there = f"present({x})" if layer.skip_padding else "None"
    start = f"[{', '.join([zero] * states)}]"
    how = f"sequences={layer.sequences}, reverse={layer.reverse}"
    return Step(f"recurrent(lambda z, s: {cell}, {_product(place, x, 'W', 'b')}, {start}, {there}, {how})")


def _simple_rnn(place: Place, dialect: Dialect) -> Step:
    z = f"z + s[0] @ {_weight(place, 'U')}"
    return _recurrent(place, f"[{dialect.activations[place.layer.activation].format(z)}]", 1)


def _lstm(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, f"lstm_cell(z + s[0] @ {_weight(place, 'U')}, s[1])", 2)


def _gru(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, f"gru_cell(z, {_product(place, 's[0]', 'U', 'bu')}, s[0])", 1)


RULES = {
    **shared.RULES,
    "dense": _dense,
    "prelu": _prelu,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "embedding": _embedding,
    "attention": _attention,
    "simple_rnn": _simple_rnn,
    "lstm": _lstm,
    "gru": _gru,
}

DIALECT = Dialect(
    label="NumPy",
    library="numpy",
    arrays="np",
    activations=ACTIVATIONS,
    rules=RULES,
    pieces=PIECES,
    words={
        **shared.words(ACTIVATIONS),
        "repeat": "np.repeat({x}, {times}, axis={axis})",
        "max": "max",
        "concat": "np.concatenate([{}], axis=-1)",
        "array": "{}",
    },
)
