"""ONNX for recurrent layers: a Scan over the steps, with the cell as its body.

ONNX has LSTM, GRU and RNN operators, but they know padding at the end alone, given as lengths. Here a step of zeros is
padding wherever it stands: the state is carried over it, and zeros are given out. A Scan says exactly that, for every
cell and in both directions. x W + b is one matrix product for all steps: only the product with the state is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.export.onnx_rules.activations import ACTIVATIONS
from core.export.onnx_rules.graph import Graph
from core.export.onnx_rules.shapes import present
from core.export.walk import Place

if TYPE_CHECKING:
    import onnx

# (body, place, z of the step, state before) → state after; the first is the cell's answer
Cell = Callable[[Graph, Place, str, tuple[str, ...]], tuple[str, ...]]


def simple_rnn(graph: Graph, place: Place) -> str:
    return _scan(graph, place, _simple_cell, states=1)


def lstm(graph: Graph, place: Place) -> str:
    return _scan(graph, place, _lstm_cell, states=2)


def gru(graph: Graph, place: Place) -> str:
    graph.constant(place.p["bu"], f"{place.name}/bu")
    return _scan(graph, place, _gru_cell, states=1)


def _simple_cell(body: Graph, place: Place, z: str, state: tuple[str, ...]) -> tuple[str, ...]:
    name = f"{place.name}/step"
    z = body.add("Add", z, _recurrent(body, place, state[0]), out=f"{name}/total")
    return (ACTIVATIONS[place.layer.activation](body, z, name),)


def _lstm_cell(body: Graph, place: Place, z: str, state: tuple[str, ...]) -> tuple[str, ...]:
    """c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c')."""
    name, (h, c) = f"{place.name}/step", state
    z = body.add("Add", z, _recurrent(body, place, h), out=f"{name}/total")
    parts = body.add_many("Split", z, outs=tuple(f"{name}/{gate}" for gate in "ifgo"), axis=1)
    i, f, o = (body.add("Sigmoid", parts[at], out=f"{name}/gate_{gate}") for at, gate in ((0, "i"), (1, "f"), (3, "o")))
    g = body.add("Tanh", parts[2], out=f"{name}/candidate")
    kept = body.add("Mul", f, c, out=f"{name}/kept")
    c = body.add("Add", kept, body.add("Mul", i, g, out=f"{name}/written"), out=f"{name}/new_c")
    return body.add("Mul", o, body.add("Tanh", c, out=f"{name}/bent"), out=f"{name}/new_h"), c


def _gru_cell(body: Graph, place: Place, z: str, state: tuple[str, ...]) -> tuple[str, ...]:
    """h' = (1 - u) n + u h with r, u = σ(x + h U), n = tanh(x + r (h U + bu))."""
    name, h = f"{place.name}/step", state[0]
    hu = body.add("Add", _recurrent(body, place, h), f"{place.name}/bu", out=f"{name}/hU_b")
    ours = body.add_many("Split", hu, outs=tuple(f"{name}/h_{gate}" for gate in "run"), axis=1)
    new = body.add_many("Split", z, outs=tuple(f"{name}/x_{gate}" for gate in "run"), axis=1)
    r, u = (
        body.add("Sigmoid", body.add("Add", new[k], ours[k], out=f"{name}/sum_{gate}"), out=f"{name}/gate_{gate}")
        for k, gate in ((0, "r"), (1, "u"))
    )
    inner = body.add("Add", new[2], body.add("Mul", r, ours[2], out=f"{name}/reset"), out=f"{name}/sum_n")
    n = body.add("Tanh", inner, out=f"{name}/candidate")
    change = body.add("Mul", u, body.add("Sub", h, n, out=f"{name}/difference"), out=f"{name}/kept")
    return (body.add("Add", n, change, out=f"{name}/new_h"),)


def _recurrent(body: Graph, place: Place, h: str) -> str:
    return body.add("MatMul", h, f"{place.name}/U", out=f"{place.name}/step/hU")


def _scan(graph: Graph, place: Place, cell: Cell, *, states: int) -> str:
    """The last state, (rows, units), or every step's, (rows, steps, units)."""
    layer, name = place.layer, place.name
    graph.constant(place.p["U"], f"{name}/U")
    inputs = [graph.add("Transpose", _projected(graph, place), out=f"{name}/steps", perm=[1, 0, 2])]
    if layer.skip_padding:
        there = present(graph, place.xs[0], name)
        inputs.append(graph.add("Transpose", there, out=f"{name}/present_steps", perm=[1, 0, 2]))
    order = graph.constant(np.arange(place.inputs[0][0])[::-1], f"{name}/backwards", np.int64) if layer.reverse else ""
    if order:
        inputs = [graph.add("Gather", x, order, out=f"{x}/backwards", axis=0) for x in inputs]
    start = _zeros(graph, place)
    ends = tuple(f"{name}/end_{i}" for i in range(states))
    found = graph.add_many(
        "Scan", *(start for _ in ends), *inputs, outs=(*ends, f"{name}/every_step"),
        body=_body(graph, place, cell, states), num_scan_inputs=len(inputs),
    )  # fmt: skip
    if not layer.sequences:
        return found[0]
    every = graph.add("Gather", found[-1], order, out=f"{name}/forwards", axis=0) if order else found[-1]
    return graph.add("Transpose", every, out=f"{name}/y", perm=[1, 0, 2])


def _projected(graph: Graph, place: Place) -> str:
    z = graph.add("MatMul", place.xs[0], graph.constant(place.p["W"], f"{place.name}/W"), out=f"{place.name}/xW")
    return graph.add("Add", z, graph.constant(place.p["b"], f"{place.name}/b"), out=f"{place.name}/z")


def _zeros(graph: Graph, place: Place) -> str:
    """(rows, units) zeros."""
    name = place.name
    rows = graph.add("Shape", place.xs[0], out=f"{name}/rows", start=0, end=1)
    units = graph.constant([place.layer.units], f"{name}/units", np.int64)
    shape = graph.add("Concat", rows, units, out=f"{name}/state_shape", axis=0)
    return graph.add("ConstantOfShape", shape, out=f"{name}/start")


def _body(graph: Graph, place: Place, cell: Cell, states: int) -> onnx.GraphProto:
    """One step: the state, x W + b and whether the step is present → the state, and what is given out."""
    from onnx import TensorProto, helper

    name, layer, body = f"{place.name}/step", place.layer, Graph()
    width = place.p["W"].shape[1]
    old = tuple(f"{name}/state_{i}" for i in range(states))
    new = cell(body, place, f"{name}/z", old)
    if layer.skip_padding:
        new = tuple(
            body.add("Where", f"{name}/there", fresh, before, out=f"{before}_after")
            for fresh, before in zip(new, old, strict=True)
        )
    if layer.skip_padding:
        zero = body.constant(0.0, f"{name}/nothing")
        body.add("Where", f"{name}/there", new[0], zero, out=f"{name}/given_out")
    else:
        body.add("Identity", new[0], out=f"{name}/given_out")

    def info(name: str, width: int, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [None, width])

    inputs = [*(info(state, layer.units) for state in old), info(f"{name}/z", width)]
    inputs += [info(f"{name}/there", 1, TensorProto.BOOL)] if layer.skip_padding else []
    outputs = [info(state, layer.units) for state in (*new, f"{name}/given_out")]
    return helper.make_graph(body.nodes, name, inputs, outputs, body.constants)
