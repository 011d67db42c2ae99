"""An ONNX graph as it grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx


class Graph:
    """Nodes and constants as they are added; every value has the name of the node that makes it.

    Convolutions and pools of ONNX want the channels first, everything here has them last. Where a value was turned to
    channels last, the untransposed one is remembered, so that the next layer takes that and no pair of transposes
    stands between the two; what nobody uses in the end is left out by `needed`.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self._first: dict[str, str] = {}  # a value with channels last → the same with channels first

    def add(self, op: str, *inputs: str, out: str, domain: str = "", **attributes: Any) -> str:
        """One node and its output, both called `out`; gives that name back."""
        return self.add_many(op, *inputs, outs=(out,), domain=domain, **attributes)[0]

    def add_many(
        self, op: str, *inputs: str, outs: tuple[str, ...], domain: str = "", **attributes: Any
    ) -> tuple[str, ...]:
        """A node with several outputs, called after the first of them."""
        from onnx import helper

        self.nodes.append(helper.make_node(op, list(inputs), list(outs), name=outs[0], domain=domain, **attributes))
        return outs

    def constant(self, value: Any, name: str, dtype: Any = np.float32) -> str:
        from onnx import numpy_helper

        array = np.asarray(value, dtype)
        self.constants.append(numpy_helper.from_array(array.copy(order="C"), name))
        return name

    def column(self, name: str, kind: int) -> str:
        """An input of the graph: one column, (rows, 1)."""
        from onnx import helper

        self.inputs.append(helper.make_tensor_value_info(name, kind, ["rows", 1]))
        return name

    def row(self, name: str, width: int) -> str:
        """An input of the graph: several numbers a row, (rows, width)."""
        return self.image(name, (width,))

    def filled(self, fill: Mapping[str, float], kind: int, dtype: Any, name: str) -> tuple[str, str]:
        """Columns side by side, as inputs of the graph, NaN filled; and where it was NaN."""
        x = self.add("Concat", *(self.column(column, kind) for column in fill), out=f"{name}/columns", axis=1)
        missing = self.add("IsNaN", x, out=f"{name}/missing")
        value = self.constant([*fill.values()], f"{name}/fill_value", dtype)
        return self.add("Where", missing, value, x, out=f"{name}/filled"), missing

    def ordered(self, parts: Sequence[str], order: Sequence[int], name: str) -> str:
        """The parts side by side, and of that the columns in `order`."""
        x = self.add("Concat", *parts, out=f"{name}/beside", axis=1)
        return self.add("Gather", x, self.constant(order, f"{name}/order", np.int64), out=name, axis=1)

    def image(self, name: str, shape: Sequence[int]) -> str:
        """An input of the graph: pixels, (rows, height, width, channels)."""
        from onnx import TensorProto, helper

        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", *shape]))
        return name

    def reshape(self, x: str, shape: Sequence[int], out: str) -> str:
        """Every row as `shape`; the batch axis stays."""
        return self.add("Reshape", x, self.constant([0, *shape], f"{out}/shape", np.int64), out=out)

    def channels_first(self, x: str, rank: int) -> str:
        """x with its last axis moved behind the batch axis."""
        if rank > 2 and x not in self._first:
            order = [0, rank - 1, *range(1, rank - 1)]
            self._first[x] = self.add("Transpose", x, out=f"{x}/channels_first", perm=order)
        return self._first.get(x, x)

    def channels_last(self, x: str, rank: int, out: str) -> str:
        """The inverse of `channels_first`."""
        if rank <= 2:
            return self.add("Identity", x, out=out)
        self.add("Transpose", x, out=out, perm=[0, *range(2, rank), 1])
        self._first[out] = x
        return out

    def in_any_order(self, xs: Sequence[str], rank: int, work: Callable[..., str]) -> str:
        """`work` on xs element by element: with channels first where they are at hand so."""
        firsts = [self._first[x] for x in xs if x in self._first]
        if len(firsts) < len(xs):
            return work(*xs)
        y = work(*firsts)
        return y if y in firsts else self.channels_last(y, rank, f"{y}/channels_last")

    def needed(self, outputs: Sequence[str]) -> list[onnx.NodeProto]:
        """The nodes that something asks for."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input, *(_outer(a.g) for a in node.attribute if a.HasField("g")))
                kept.append(node)
        return kept[::-1]


def _outer(body: onnx.GraphProto) -> set[str]:
    return {name for node in body.node for name in node.input}
