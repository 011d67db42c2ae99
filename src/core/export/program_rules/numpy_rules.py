"""NumPy: every layer in a line, and functions for what takes more."""

from __future__ import annotations

from core.export.geometry import convolution_pads, pool_pads, pool_stride
from core.export.literals import literal
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
    pads, axes = convolution_pads(place), place.rank - 2
    asked = [place.xs[0], _weight(place, "W"), *shared.kernel_arguments(place)]
    asked += [f"pad={pads if axes > 1 else pads[0]}"] if any(map(any, pads)) else []
    bias = f" + {_weight(place, 'b')}" if "b" in place.p else ""
    return _bent(place, dialect, f"convolve{axes}d({', '.join(asked)}){bias}")


def _max_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"windows({_windows(place)}, fill=-np.inf).max({_inside(place)})")


def _avg_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"np.nanmean(windows({_windows(place)}, fill=np.nan), {_inside(place)})")


def _windows(place: Place) -> str:
    pads = pool_pads(place)
    around = f", pad={pads}" if any(map(any, pads)) else ""
    return f"{place.xs[0]}, {place.layer.size}, {pool_stride(place)}{around}"


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


def _embed_columns(place: Place, dialect: Dialect) -> Step:
    columns = list(place.layer.columns)
    tables = f'[w[f"{place.name}.W{{k}}"] for k in range({len(columns)})]'
    return Step(f"embed_columns({place.xs[0]}, {columns}, {tables})")


def _attention(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    how = f"heads={layer.heads}, causal={layer.causal}, skip_padding={layer.skip_padding}"
    return Step(f'self_attention({place.xs[0]}, w, "{place.name}", {how})')


def _recurrent(place: Place, function: str, *more: str) -> Step:
    how = [f"{name}={getattr(place.layer, name)}" for name in ("sequences", "reverse", "skip_padding")]
    return Step(f"{function}({', '.join([place.xs[0], 'w', literal(place.name), *more, *how])})")


def _simple_rnn(place: Place, dialect: Dialect) -> Step:
    bent = dialect.activations[place.layer.activation].format("z")
    return _recurrent(place, "run_simple_rnn", f"lambda z: {bent}")


def _lstm(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, "run_lstm")


def _gru(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, "run_gru")


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
    "embed_columns": _embed_columns,
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
