"""Rules and functions that NumPy, PyTorch and MLX write alike, but for the name of their module."""

from __future__ import annotations

from core.export.geometry import per_axis
from core.export.program_rules.writing import Dialect, Step, sizes
from core.export.walk import Place


def same(place: Place, dialect: Dialect) -> Step:
    """Nothing happens when predicting."""
    return Step(place.xs[0])


def entrance(place: Place, dialect: Dialect) -> Step:
    """The prepared columns are a flat row; a network of images or sequences takes it in its own shape."""
    return Step(place.xs[0]) if len(place.output) == 1 else reshape(place, dialect)


def reshape(place: Place, dialect: Dialect) -> Step:
    return Step(f"{place.xs[0]}.reshape(-1, {sizes(place.output)})")


def activation(place: Place, dialect: Dialect) -> Step:
    return Step(dialect.activations[place.layer.function].format(place.xs[0]))


def add(place: Place, dialect: Dialect) -> Step:
    return Step(" + ".join(_spread(place)))


def multiply(place: Place, dialect: Dialect) -> Step:
    return Step(" * ".join(_spread(place)))


def _spread(place: Place) -> list[str]:
    """The inputs, one of a single value per channel with axes for the positions at which it acts."""
    between = {len(shape): ", None" * (len(place.output) - len(shape)) for shape in place.inputs}
    pairs = zip(place.xs, place.inputs, strict=True)
    return [f"{x}[:{between[len(shape)]}]" if between[len(shape)] else x for x, shape in pairs]


def concat(place: Place, dialect: Dialect) -> Step:
    return Step(dialect.words["concat"].format(", ".join(place.xs)))


def upsample(place: Place, dialect: Dialect) -> Step:
    """Every value becomes a block of factor × factor."""
    value = place.xs[0]
    for axis in range(1, place.rank - 1):
        value = dialect.words["repeat"].format(x=value, times=place.layer.factor, axis=axis)
    return Step(value)


def global_avg_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"{place.xs[0]}.mean({_positions(place)})")


def global_max_pool(place: Place, dialect: Dialect) -> Step:
    return Step(f"{place.xs[0]}.{dialect.words['max']}({_positions(place)})")


def kernel_arguments(place: Place) -> list[str]:
    """Stride, dilation and groups of a convolution, where they are not 1."""
    layer, names = place.layer, ("stride", "dilation", "groups")
    return [f"{name}={value}" for name in names if set(per_axis(value := getattr(layer, name))) != {1}]


def _positions(place: Place) -> str:
    return "1" if place.rank == 3 else f"({sizes(tuple(range(1, place.rank - 1)))})"


def positional_encoding(place: Place, dialect: Dialect) -> Step:
    x, table = place.xs[0], dialect.words["array"].format(f"positions({sizes(place.inputs[0])})")
    if place.layer.skip_padding:
        return Step(f"{dialect.arrays}.where(present({x}), {x} + {table}, {x})")
    return Step(f"{x} + {table}")


RULES = {
    "input": entrance,
    "activation": activation,
    "dropout": same,
    "spatial_dropout": same,
    "gaussian_noise": same,
    "flatten": reshape,
    "reshape": reshape,
    "add": add,
    "multiply": multiply,
    "concat": concat,
    "upsample": upsample,
    "global_avg_pool": global_avg_pool,
    "global_max_pool": global_max_pool,
    "positional_encoding": positional_encoding,
}

PIECES = {
    "positions": '''
def positions(steps, width):
    """Sines and cosines of every step's place, from fast to slow ones: (steps, width)."""
    angle = np.arange(steps)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    table = np.zeros((steps, width), np.float32)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : width // 2])
    return table
''',
    "present": '''
def present(x):
    """Steps that are more than padding, which is zero throughout: (rows, steps, 1)."""
    return (x != 0).any(-1)[..., None]
''',
    "attend": '''
def attend(q, k, v, there, heads, causal):
    """softmax(q kᵀ / √d) v for each head; `there` tells which steps may be looked at, None: all."""
    rows, steps, width = q.shape
    q, k, v = (part.reshape(rows, steps, heads, -1).swapaxes(1, 2) for part in (q, k, v))
    scores = q @ k.swapaxes(2, 3) / math.sqrt(width // heads)
    if there is not None:
        scores = $np.where(there.swapaxes(1, 2)[:, None], scores, -1e30)
    if causal:  # no step sees what comes after it
        scores = $np.where($np.tril($np.ones((steps, steps))) > 0, scores, -1e30)
    return ($softmax @ v).swapaxes(1, 2).reshape(rows, steps, width)
''',
    "recurrent": '''
def recurrent(cell, z, state, there, sequences, reverse):
    """The last state, or every step's. cell: (z of a step, state) → new state.

    Where no step is `there`, the state stays as it was, and zeros are given out.
    """
    steps, found = range(z.shape[1]), []
    for t in reversed(steps) if reverse else steps:
        new = cell(z[:, t], state)
        if there is not None:
            new = [$np.where(there[:, t], after, before) for after, before in zip(new, state)]
        state = new
        found.append(state[0] if there is None else $np.where(there[:, t], state[0], 0.0))
    return $np.stack(found[::-1] if reverse else found, 1) if sequences else state[0]
''',
    "lstm_cell": '''
def lstm_cell(z, c):
    """z: what goes into the gates i, f, g, o; c: the memory → the new state and memory."""
    n = c.shape[-1]
    i, f, g, o = z[:, :n], z[:, n : 2 * n], z[:, 2 * n : 3 * n], z[:, 3 * n :]
    c = $sigmoid_f * c + $sigmoid_i * $np.tanh(g)
    return [$sigmoid_o * $np.tanh(c), c]
''',
    "gru_cell": '''
def gru_cell(x, hu, h):
    """x, hu: what goes into the gates r, u, n from the step and from the state h → the new state."""
    n = h.shape[-1]
    r, u = $sigmoid_r, $sigmoid_u
    new = $np.tanh(x[:, 2 * n :] + r * hu[:, 2 * n :])
    return [(1 - u) * new + u * h]
''',
}  # fmt: skip


def words(activations: dict[str, str]) -> dict[str, str]:
    """What the pieces call by the library's own names."""
    sigmoid = activations["sigmoid"].format
    return {
        "softmax": activations["softmax"].format("scores"),
        **{f"sigmoid_{gate}": sigmoid(gate) for gate in "ifo"},
        "sigmoid_r": sigmoid("x[:, :n] + hu[:, :n]"),
        "sigmoid_u": sigmoid("x[:, n : 2 * n] + hu[:, n : 2 * n]"),
    }
