"""The functions of the NumPy program, each as it will stand there."""

from __future__ import annotations

from core.export.program_rules import shared

ACTIVATIONS = {
    "linear": "{}",
    **{
        name: f"{name}({{}})"
        for name in ("relu", "leaky_relu", "elu", "softplus", "gelu", "sigmoid", "silu", "tanh", "softmax")
    },
    "tanh": "np.tanh({})",
}

PIECES = {
    "relu": '''
def relu(z):
    return np.maximum(z, 0)
''',
    "leaky_relu": '''
def leaky_relu(z):
    return np.where(z > 0, z, 0.01 * z)
''',
    "elu": '''
def elu(z):
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
''',
    "softplus": '''
def softplus(z):
    """log(1 + exp(z)), in a form that cannot overflow."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
    "gelu": '''
def gelu(z):
    """z Φ(z), in the tanh form."""
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
''',
    "sigmoid": '''
def sigmoid(z):
    """1 / (1 + exp(-z)), in a form that cannot overflow."""
    return 0.5 * np.tanh(0.5 * z) + 0.5
''',
    "silu": '''
def silu(z):
    return z * (0.5 * np.tanh(0.5 * z) + 0.5)
''',
    "softmax": '''
def softmax(z):
    """exp(z) as shares of 1; the largest z is taken off first, which changes nothing and cannot overflow."""
    exp = np.exp(z - z.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)
''',
    "convolve2d": '''
def convolve2d(x, W, stride=(1, 1), dilation=(1, 1), pad=((0, 0), (0, 0)), groups=1):
    """x: (rows, height, width, channels); W: (height, width, channels / groups, filters)."""
    x = np.pad(x, ((0, 0), *pad, (0, 0)))
    kernel, (channels, filters) = W.shape[:2], W.shape[2:]
    height, width = ((x.shape[i + 1] - (kernel[i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in (0, 1))
    y = np.zeros((len(x), height, width, filters), np.float32)
    for a, b, g in np.ndindex(*kernel, groups):
        rows = slice(a * dilation[0], a * dilation[0] + (height - 1) * stride[0] + 1, stride[0])
        columns = slice(b * dilation[1], b * dilation[1] + (width - 1) * stride[1] + 1, stride[1])
        seen = slice(g * channels, (g + 1) * channels)
        made = slice(g * filters // groups, (g + 1) * filters // groups)
        y[..., made] += x[:, rows, columns, seen] @ W[a, b, :, made]
    return y
''',
    "convolve1d": '''
def convolve1d(x, W, stride=1, dilation=1, pad=(0, 0), groups=1):
    """x: (rows, steps, channels); W: (steps, channels / groups, filters): a picture one pixel high."""
    return convolve2d(x[:, None], W[None], (1, stride), (1, dilation), ((0, 0), pad), groups)[:, 0]
''',
    "windows": '''
def windows(x, size, stride, fill, pad=None):
    """What a pool sees: the windows of x along every axis between rows and channels, their values as last axes."""
    axes = tuple(range(1, x.ndim - 1))
    if pad:
        x = np.pad(x, ((0, 0), *pad, (0, 0)), constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(x, (size,) * len(axes), axes)
    return every[(slice(None), *(slice(None, None, stride) for _ in axes))]
''',
    "standardized": '''
def standardized(x, axis, epsilon):
    """Mean 0 and deviation 1 along the axis."""
    x = x - x.mean(axis, keepdims=True)
    return x / np.sqrt((x * x).mean(axis, keepdims=True) + epsilon)
''',
    "group_standardized": '''
def group_standardized(x, groups, epsilon):
    """Every row's channels in groups, each with mean 0 and deviation 1 over its channels and all positions."""
    parts = x.reshape(len(x), -1, groups, x.shape[-1] // groups)
    return standardized(parts, (1, 3), epsilon).reshape(x.shape)
''',
    "look_up": '''
def look_up(x, W):
    """The row of W that the whole number nearest to each x names; numbers outside count as the first or the last."""
    return W[(np.clip(x, 0, len(W) - 1) + 0.5).astype(int)]
''',
    "embed_columns": '''
def embed_columns(x, columns, tables):
    """x: (rows, values) without those columns, then for each of them the rows of its table that its codes name."""
    found = [look_up(x[:, column], W) for column, W in zip(columns, tables)]
    return np.concatenate([np.delete(x, columns, axis=1), *found], axis=1)
''',
    **shared.PIECES,
    "self_attention": '''
def self_attention(x, w, name, heads, causal, skip_padding):
    """Multi-head self-attention that does not look at padding and gives zeros for it."""
    there = present(x) if skip_padding else None
    q, k, v = x @ w[f"{name}.Wq"] + w[f"{name}.bq"], x @ w[f"{name}.Wk"], x @ w[f"{name}.Wv"] + w[f"{name}.bv"]
    y = attend(q, k, v, there, heads, causal) @ w[f"{name}.Wo"] + w[f"{name}.bo"]
    return np.where(there, y, 0) if skip_padding else y
''',
    "run": '''
def run(x, w, name, cell, states, sequences, reverse, skip_padding):
    """A recurrent layer; cell: (z of a step, state, what U makes of the state) → new state."""
    U = w[f"{name}.U"]
    start = [np.zeros((len(x), len(U)), np.float32)] * states
    there = present(x) if skip_padding else None
    z = x @ w[f"{name}.W"] + w[f"{name}.b"]
    return recurrent(lambda z, state: cell(z, state, state[0] @ U), z, start, there, sequences, reverse)
''',
    "run_simple_rnn": '''
def run_simple_rnn(x, w, name, function, **how):
    return run(x, w, name, lambda z, state, hu: [function(z + hu)], 1, **how)
''',
    "run_lstm": '''
def run_lstm(x, w, name, **how):
    return run(x, w, name, lambda z, state, hu: lstm_cell(z + hu, state[1]), 2, **how)
''',
    "run_gru": '''
def run_gru(x, w, name, **how):
    bu = w[f"{name}.bu"]
    return run(x, w, name, lambda z, state, hu: gru_cell(z, hu + bu, state[0]), 1, **how)
''',
}  # fmt: skip
