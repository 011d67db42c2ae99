"""A network spec compiled to a plan: layers in topological order, walked forward, and back with gradients.

Inherited hyper-parameters are resolved here: a Dense layer with dropout becomes two nodes, the layer and a Dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from core import keys
from core.errors import UserInputError
from core.layers import Array, Layer, Shape
from core.layers.dropout import Dropout
from core.spec import NetworkSpec, TrainingConfig
from core.validation import check, output_layers

Arrays = Mapping[str, Mapping[str, Array]]  # layer id → name → array


@dataclass(frozen=True)
class Node:
    """One step of the plan. `sources`: positions of the nodes that feed it; `id` "l1/dropout" for l1's own dropout."""

    id: str
    layer: Layer
    sources: tuple[int, ...]
    inputs: tuple[Shape, ...]


@dataclass(frozen=True)
class Restraint:
    """What holds a layer's weights back: penalties l1 Σ|W| + l2/2 ΣW², decoupled decay, longest column of W (0: any).

    names: of the parameters that it acts on.
    """

    names: tuple[str, ...]
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    max_norm: float = 0.0


@dataclass(frozen=True)
class Network:
    """nodes in topological order; `restraints` by layer id, where one acts; `outputs`: node by layer id."""

    nodes: tuple[Node, ...]
    output: int
    output_shape: Shape
    restraints: Mapping[str, Restraint]
    outputs: Mapping[str, int]

    @classmethod
    def of(cls, spec: NetworkSpec, config: TrainingConfig | None = None) -> Self:
        """Raises UserInputError with the first finding where the design is not sound."""
        report = check(spec)
        if not report.ok:
            badge = next(b for b in report.badges if b.severity == "error")
            place = spec.layer(badge.layer_id).name if badge.layer_id else "network"
            raise UserInputError(f"{badge.title}.", where=place, reason=badge.text)
        config = config or TrainingConfig()
        nodes: list[Node] = []
        place_of: dict[str, int] = {}
        last = output_layers(spec)[0].id
        for id in report.order:
            layer, sources = spec.layer(id).layer, spec.sources(id)
            inputs = tuple(report.shapes[s] for s in sources)
            nodes.append(Node(id, _resolved(layer, config), tuple(place_of[s] for s in sources), inputs))
            rate = _own_dropout(layer, config, is_last=id == last)
            if rate:
                nodes.append(Node(f"{id}/dropout", Dropout(rate=rate), (len(nodes) - 1,), (report.shapes[id],)))
            place_of[id] = len(nodes) - 1
        restraints = {s.id: _restraint(s.layer, config) for s in spec.layers if s.layer.penalized}
        acting = {id: r for id, r in restraints.items() if r != Restraint(r.names)}
        return cls(tuple(nodes), place_of[last], report.shapes[last], acting, place_of)

    @cached_property
    def stochastic(self) -> bool:
        """Whether training draws random numbers, and so needs a key for every step."""
        return any(node.layer.stochastic for node in self.nodes)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Output shape of every node."""
        return tuple(node.layer.output_shape(*node.inputs) for node in self.nodes)

    @cached_property
    def state_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the arrays that are carried and not trained, by layer id, where there are any."""
        found = {node.id: tuple(node.layer.state_shapes(*node.inputs)) for node in self.nodes}
        return {id: names for id, names in found.items() if names}

    @cached_property
    def _return(self) -> tuple[tuple[int, Node, bool], ...]:
        """The way back: (position, node, whether a node before it learns), without the nodes that no gradient need
        reach: those that are not trained and have nothing trained before them."""
        learns: list[bool] = []
        steps = []
        for i, node in enumerate(self.nodes):
            further = any(learns[s] for s in node.sources)
            learns.append(further or bool(node.layer.parameter_shapes(*node.inputs)))
            if learns[i]:
                steps.append((i, node, further))
        return tuple(reversed(steps))

    def init(self, seed: int) -> dict[str, dict[str, np.ndarray]]:
        """Fresh parameters and state in float64 by layer id, each layer from its own key."""
        fresh = {}
        for node in self.nodes:
            params, state = node.layer.init(keys.generator(keys.key(seed, keys.INIT, node.id)), *node.inputs)
            if params or state:
                fresh[node.id] = {**params, **state}
        return fresh

    def forward(
        self, ops: Any, params: Arrays, x: Array, *, train: bool, key: Callable[[str], Any] | None = None
    ) -> tuple[list[Array], list[Any], dict[str, Mapping[str, Array]]]:
        """Outputs and caches of all nodes, in their order, and the new state by layer id.

        params: parameters and state by layer id. `key(node id)` serves the stochastic layers in training.
        """
        ys: list[Array] = []
        caches: list[Any] = []
        states: dict[str, Mapping[str, Array]] = {}
        for node in self.nodes:
            xs = tuple(ys[i] for i in node.sources) or (x,)
            k = key(node.id) if train and key is not None and node.layer.stochastic else None
            mine = params.get(node.id, {})
            y, cache, state = node.layer.forward(ops, mine, mine, xs, train=train, key=k)
            ys.append(y)
            caches.append(cache)
            if train and node.id in self.state_names:
                states[node.id] = state
        return ys, caches, states

    def backward(self, ops: Any, params: Arrays, caches: list[Any], dy: Array) -> dict[str, dict[str, Array]]:
        """Gradients by layer id and name, given `dy` of the output. Where a layer feeds several, they add.

        What nothing trainable would receive is not computed.
        """
        dys: list[Array | None] = [None] * len(self.nodes)
        dys[self.output] = dy
        grads: dict[str, dict[str, Array]] = {}
        for i, node, further in self._return:
            d = dys[i]
            if d is None:
                continue
            mine = params.get(node.id, {})
            if further:
                dxs, found = node.layer.backward(ops, mine, caches[i], d)
                for source, dx in zip(node.sources, dxs, strict=True):
                    known = dys[source]
                    dys[source] = dx if known is None else known + dx
            else:
                found = node.layer.parameter_gradients(ops, mine, caches[i], d)
            if found:
                grads[node.id] = dict(found)
            dys[i] = None
        return grads

    def predict(self, ops: Any, params: Arrays, x: Array) -> Array:
        """Raw outputs for x: (batch, *row_shape) → (batch, *output_shape), nothing random."""
        return self.forward(ops, params, x, train=False)[0][self.output]


def _resolved(layer: Layer, config: TrainingConfig) -> Layer:
    """Where a layer's whole work is a rate that it inherits, the rate is filled in."""
    filled = {"rate": config.dropout} if getattr(layer, "rate", 0.0) is None else {}
    return replace(layer, **filled)


def _own_dropout(layer: Layer, config: TrainingConfig, *, is_last: bool) -> float:
    """The rate of a layer's own dropout. The output layer does not inherit: silencing answers teaches nothing."""
    if not hasattr(layer, "dropout"):
        return 0.0
    if layer.dropout is None:
        return 0.0 if is_last else config.dropout
    return float(layer.dropout)


def _restraint(layer: Layer, config: TrainingConfig) -> Restraint:
    """A layer's own values where it has them, the training's elsewhere."""
    names = ("l1", "l2", "weight_decay", "max_norm")
    own: dict[str, float | None] = {name: getattr(layer, name, None) for name in names}
    rules: dict[str, float] = {n: getattr(config, n) if value is None else value for n, value in own.items()}
    return Restraint(layer.penalized, **rules)
