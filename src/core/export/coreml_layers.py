"""What the layers of a Core ML neural network mean, in NumPy: for one row, which has no batch axis.

Source: https://apple.github.io/coremltools/mlmodel/Format/NeuralNetwork.html and the comments of NeuralNetwork.proto.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray
Layer = Callable[..., Array]


def network(spec: Any, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
    """What the network makes of its inputs, each (rows, ...): those of its layers' outputs that are asked for."""
    steps = []
    for layer in spec.layers:
        kind = layer.WhichOneof("layer")
        work = partial(_LAYERS[kind], getattr(layer, kind)) if kind not in _WEIGHED else _WEIGHED[kind](layer)
        steps.append((work, list(layer.input), layer.output[0]))
    made = [_row(steps, dict(zip(inputs, row, strict=True))) for row in zip(*inputs.values(), strict=True)]
    return {name: np.stack([row[name] for row in made]) for name in outputs if any(name == step[2] for step in steps)}


def _row(steps: list[tuple[Layer, list[str], str]], values: dict[str, Array]) -> dict[str, Array]:
    for work, inputs, output in steps:
        values[output] = work(*(values[name] for name in inputs))
    return values


def _numbers(field: Any, *shape: int) -> Array:
    return np.array(field.floatValue, np.float64).reshape(shape)


def _inner_product(layer: Any) -> Layer:
    p = layer.innerProduct
    W = _numbers(p.weights, p.outputChannels, p.inputChannels)
    b = _numbers(p.bias, -1) if p.hasBias else np.zeros(1)
    return lambda x: x @ W.T + b


def _convolution(layer: Any) -> Layer:
    """Cross-correlation of (1, channels, height, width) with zeros around as told."""
    p = layer.convolution
    W = _numbers(p.weights, p.outputChannels, p.kernelChannels, *p.kernelSize)
    b = _numbers(p.bias, -1, 1, 1) if p.hasBias else np.zeros(1)
    groups, filters = max(1, p.nGroups), p.outputChannels
    pads = [(edge.startEdgeSize, edge.endEdgeSize) for edge in p.valid.paddingAmounts.borderAmounts] or [(0, 0)] * 2
    kernel, stride, dilation = (list(v) or [1, 1] for v in (p.kernelSize, p.stride, p.dilationFactor))

    def work(x: Array) -> Array:
        wide = np.pad(x[0], [(0, 0), *pads])
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        counts = [(n - span) // s + 1 for n, span, s in zip(wide.shape[1:], spans, stride, strict=True)]
        parts = wide.reshape(groups, p.kernelChannels, *wide.shape[1:])
        y = np.zeros((groups, filters // groups, *counts))
        weights = W.reshape(groups, filters // groups, p.kernelChannels, *kernel)
        for at in itertools.product(*(range(k) for k in kernel)):
            rows, columns = (
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, d, n, s in zip(at, dilation, counts, stride, strict=True)
            )
            y += np.einsum("gfc,gchw->gfhw", weights[..., at[0], at[1]], parts[..., rows, columns])
        return y.reshape(1, filters, *counts) + b

    return work


def _pooling(p: Any, x: Array) -> Array:
    """Windows of (1, channels, height, width); what was added around counts for nothing."""
    if p.WhichOneof("PoolingPaddingType") != "valid" or not (p.avgPoolExcludePadding or p.type == 0):
        raise RuntimeError("the Core ML file pools in a way that the reader does not know")
    pads = [(edge.startEdgeSize, edge.endEdgeSize) for edge in p.valid.paddingAmounts.borderAmounts] or [(0, 0)] * 2
    wide = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(wide, tuple(p.kernelSize), (2, 3))
    windows = windows[:, :, :: p.stride[0], :: p.stride[1]]
    if p.PoolingType.Name(p.type) == "MAX":
        return np.nanmax(windows, axis=(-2, -1))
    return np.nanmean(windows, axis=(-2, -1))


def _activation(p: Any, z: Array) -> Array:
    kind = p.WhichOneof("NonlinearityType")
    if kind == "leakyReLU":
        return np.where(z >= 0, z, p.leakyReLU.alpha * z)
    if kind == "ELU":
        return np.where(z > 0, z, p.ELU.alpha * np.expm1(np.minimum(z, 0)))
    if kind == "linear":
        return p.linear.alpha * z + p.linear.beta
    return _SIMPLE[kind](z)


def _unary(p: Any, x: Array) -> Array:
    kind = p.Operation.Name(p.type)
    if kind == "LOG":
        return np.log(np.maximum(p.scale * x + p.shift, p.epsilon))
    return {"EXP": np.exp, "ABS": np.abs}[kind](x)


def _gelu(p: Any, z: Array) -> Array:
    if p.mode != p.GeluMode.Value("TANH_APPROXIMATION"):
        raise RuntimeError("the Core ML file has another form of GELU")
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def _softmax(p: Any, z: Array) -> Array:
    exp = np.exp(z - z.max(axis=p.axis, keepdims=True))
    return exp / exp.sum(axis=p.axis, keepdims=True)


def _layer_norm(layer: Any) -> Layer:
    p = layer.layerNormalization
    gamma, beta = (_numbers(part, *p.normalizedShape) for part in (p.gamma, p.beta))
    axes = tuple(range(-len(p.normalizedShape), 0))

    def work(x: Array) -> Array:
        x = x - x.mean(axes, keepdims=True)
        return x / np.sqrt((x * x).mean(axes, keepdims=True) + p.eps) * gamma + beta

    return work


def _constant(layer: Any) -> Layer:
    value = _numbers(layer.loadConstantND.data, *layer.loadConstantND.shape)
    return lambda: value


def _embedding(layer: Any) -> Layer:
    p = layer.embeddingND
    table = _numbers(p.weights, p.embeddingSize, p.vocabSize).T
    return lambda x: table[x[..., 0].astype(int)]


def _matmul(layer: Any) -> Layer:
    p = layer.batchedMatmul
    if p.weightMatrixFirstDimension:
        W = _numbers(p.weights, p.weightMatrixSecondDimension, p.weightMatrixFirstDimension).T
        b = _numbers(p.bias, -1) if p.hasBias else np.zeros(1)
        return lambda x: x @ W + b
    return lambda a, b: a @ (b.swapaxes(-1, -2) if p.transposeB else b)


_SIMPLE: dict[str, Callable[[Array], Array]] = {
    "ReLU": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "softplus": lambda z: np.logaddexp(0, z),
    "sigmoid": lambda z: 0.5 * np.tanh(0.5 * z) + 0.5,
}
# With weights to be read once, and without.
_WEIGHED: dict[str, Callable[[Any], Layer]] = {
    "innerProduct": _inner_product,
    "convolution": _convolution,
    "layerNormalization": _layer_norm,
    "loadConstantND": _constant,
    "embeddingND": _embedding,
    "batchedMatmul": _matmul,
}
_LAYERS: dict[str, Layer] = {
    "activation": _activation,
    "gelu": _gelu,
    "unary": _unary,
    "softmaxND": _softmax,
    "pooling": _pooling,
    "addBroadcastable": lambda p, *xs: sum(xs[1:], xs[0]),
    "multiplyBroadcastable": lambda p, *xs: math.prod(xs[1:], start=xs[0]),
    "maxBroadcastable": lambda p, *xs: np.maximum(*xs),
    "minBroadcastable": lambda p, *xs: np.minimum(*xs),
    "gather": lambda p, x, places: np.take(x, places.astype(int), axis=p.axis),
    "concatND": lambda p, *xs: np.concatenate(xs, axis=p.axis),
    "reshapeStatic": lambda p, x: x.reshape(tuple(p.targetShape)),
    "transpose": lambda p, x: x.transpose(tuple(p.axes)),
    "tile": lambda p, x: np.tile(x, tuple(p.reps)),
    "clip": lambda p, x: np.clip(x, p.minVal, p.maxVal),
    "floor": lambda p, x: np.floor(x),
    "reduceMax": lambda p, x: x.max(tuple(p.axes), keepdims=p.keepDims),
    "reduceMean": lambda p, x: x.mean(tuple(p.axes), keepdims=p.keepDims),
    "reduceL2": lambda p, x: np.sqrt((x * x).sum(tuple(p.axes), keepdims=p.keepDims)),
    "divideBroadcastable": lambda p, x, y: x / y,
    "greaterEqual": lambda p, x: (x >= p.alpha).astype(float),
    "greaterThan": lambda p, x: (x > p.alpha).astype(float),
    "whereBroadcastable": lambda p, condition, *xs: np.where(condition != 0, *xs),
}
