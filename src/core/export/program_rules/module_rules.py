"""What an `nn.Module` of PyTorch and one of MLX write alike."""

from __future__ import annotations

from core.export.geometry import pool_stride
from core.export.program_rules import shared
from core.export.program_rules.writing import Dialect, Saved, Step
from core.export.walk import Place

LINEAR = {"W": Saved("weight", (1, 0)), "b": Saved("bias")}
NORM = {
    "gamma": Saved("weight"), "beta": Saved("bias"),
    "mean": Saved("running_mean"), "variance": Saved("running_var"),
}  # fmt: skip


def bent(place: Place, dialect: Dialect, text: str) -> str:
    return dialect.activations[place.layer.activation].format(text)


def no_bias(place: Place) -> str:
    return "" if "b" in place.p else ", bias=False"


def dense(place: Place, dialect: Dialect) -> Step:
    made = f"nn.Linear({place.inputs[0][-1]}, {place.layer.units}{no_bias(place)})"
    return Step(bent(place, dialect, f"self.{place.name}({place.xs[0]})"), made, LINEAR)


def dropout(place: Place, dialect: Dialect) -> Step:
    """Kept, although it does nothing when predicting, so that training can go on there."""
    rate, x = place.layer.rate, place.xs[0]
    return Step(f"self.{place.name}({x})", f"nn.Dropout({rate!r})") if rate else Step(x)


def convolution(place: Place) -> str:
    """The call that makes one, without padding, open for more arguments."""
    layer = place.layer
    asked = [str(place.inputs[0][-1]), str(layer.filters), str(layer.kernel), *shared.kernel_arguments(place)]
    return f"nn.Conv{place.rank - 2}d({', '.join(asked)}{no_bias(place)}"


def pool(place: Place, name: str) -> str:
    return f"nn.{name}{place.rank - 2}d({place.layer.size}, {pool_stride(place)})"


def layer_norm(place: Place, dialect: Dialect) -> Step:
    made = f"nn.LayerNorm({place.inputs[0][-1]}, eps={place.layer.epsilon!r})"
    return Step(f"self.{place.name}({place.xs[0]})", made, NORM)


def attention(place: Place, dialect: Dialect) -> Step:
    layer, parts = place.layer, (("q", "query"), ("k", "key"), ("v", "value"), ("o", "out"))
    saved = {f"W{short}": Saved(f"{name}.weight", (1, 0)) for short, name in parts}
    saved |= {f"b{short}": Saved(f"{name}.bias") for short, name in parts}
    how = f"causal={layer.causal}, skip_padding={layer.skip_padding}"
    made = f"Attention({place.inputs[0][-1]}, {layer.heads}, {how})"
    return Step(f"self.{place.name}({place.xs[0]})", made, saved)


def embed_columns(place: Place, dialect: Dialect) -> Step:
    layer = place.layer
    saved = {f"W{k}": Saved(f"tables.{k}.weight") for k in range(len(layer.columns))}
    made = f"EmbedColumns({place.inputs[0][-1]}, {list(layer.columns)}, {list(layer.tokens)}, {layer.width})"
    return Step(f"self.{place.name}({place.xs[0]})", made, saved)


def simple_rnn(place: Place, dialect: Dialect) -> Step:
    function = dialect.activations[place.layer.activation].format("z")
    return _recurrent(place, "SimpleRNN", f"lambda z: {function}")


def lstm(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, "LSTM")


def gru(place: Place, dialect: Dialect) -> Step:
    return _recurrent(place, "GRU")


def _recurrent(place: Place, name: str, *more: str) -> Step:
    layer = place.layer
    how = [f"{n}={getattr(layer, n)}" for n in ("sequences", "reverse", "skip_padding")]
    made = f"{name}({', '.join([str(place.inputs[0][-1]), str(layer.units), *more, *how])})"
    saved = {
        "W": Saved("of_input.weight", (1, 0)), "b": Saved("of_input.bias"),
        "U": Saved("of_state.weight", (1, 0)), "bu": Saved("of_state.bias"),
    }  # fmt: skip
    return Step(f"self.{place.name}({place.xs[0]})", made, saved)


RULES = {
    **shared.RULES,
    "dense": dense,
    "dropout": dropout,
    "layer_norm": layer_norm,
    "attention": attention,
    "embed_columns": embed_columns,
    "simple_rnn": simple_rnn,
    "lstm": lstm,
    "gru": gru,
}

PIECES = {
    **shared.PIECES,
    "Attention": '''
class Attention(nn.Module):
    """Multi-head self-attention that does not look at padding and gives zeros for it."""

    def __init__(self, width, heads, causal, skip_padding):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.heads, self.causal, self.skip_padding = heads, causal, skip_padding

    def $call(self, x):
        there = present(x) if self.skip_padding else None
        y = self.out(attend(self.query(x), self.key(x), self.value(x), there, self.heads, self.causal))
        return y if there is None else $np.where(there, y, 0.0)
''',
    "EmbedColumns": '''
class EmbedColumns(nn.Module):
    """Some columns hold codes: each becomes a row of its table, and all these rows come after the other values."""

    def __init__(self, inputs, columns, tokens, width):
        super().__init__()
        self.columns, self.tokens = tuple(columns), tuple(tokens)
        self.others = tuple(i for i in range(inputs) if i not in columns)
        self.tables = $modules

    def $call(self, x):
        parts = [$others] if self.others else []
        for column, tokens, table in zip(self.columns, self.tokens, self.tables):
            parts.append(table($code))
        return $joined
''',
    "Recurrent": '''
class Recurrent(nn.Module):
    """A recurrent layer that carries its state over padding, wherever that stands."""

    gates, states, state_bias = 1, 1, False

    def __init__(self, inputs, units, sequences, reverse, skip_padding):
        super().__init__()
        self.of_input = nn.Linear(inputs, self.gates * units)
        self.of_state = nn.Linear(units, self.gates * units, bias=self.state_bias)
        self.units, self.sequences, self.reverse, self.skip_padding = units, sequences, reverse, skip_padding

    def $call(self, x):
        start = [$np.zeros((x.shape[0], self.units)) for _ in range(self.states)]
        there = present(x) if self.skip_padding else None
        return recurrent(self.cell, self.of_input(x), start, there, self.sequences, self.reverse)
''',
    "SimpleRNN": '''
class SimpleRNN(Recurrent):
    def __init__(self, inputs, units, function, **how):
        super().__init__(inputs, units, **how)
        self.function = function

    def cell(self, z, state):
        return [self.function(z + self.of_state(state[0]))]
''',
    "LSTM": '''
class LSTM(Recurrent):
    gates, states = 4, 2

    def cell(self, z, state):
        return lstm_cell(z + self.of_state(state[0]), state[1])
''',
    "GRU": '''
class GRU(Recurrent):
    gates, state_bias = 3, True

    def cell(self, z, state):
        return gru_cell(z, self.of_state(state[0]), state[0])
''',
}  # fmt: skip
