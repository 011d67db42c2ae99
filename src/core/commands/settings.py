"""Training settings and network, as told on the command line."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import edits, suggest, values
from core.data.schema import Prepared
from core.errors import UserInputError
from core.layers.dense import Dense
from core.optimizers import OPTIMIZERS
from core.schedules import schedule_from_json
from core.spec import NetworkSpec, TrainingConfig, mlp


def config_of(options: argparse.Namespace, prepared: Prepared, saved: TrainingConfig | None) -> TrainingConfig:
    config = saved or suggest.training_for(prepared, TrainingConfig())
    if options.optimizer is not None:
        if options.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise UserInputError(f"Unknown optimizer {options.optimizer!r}.", remedy=f"Use one of: {known}.")
        chosen = OPTIMIZERS[options.optimizer]()
        if type(chosen) is not type(config.optimizer):
            config = replace(config, optimizer=chosen, learning_rate=chosen.usual_rate)
    if options.schedule is not None:
        config = replace(config, schedule=schedule_from_json({"kind": options.schedule}))
    names = (
        "loss", "label_smoothing", "class_weights", "epochs", "learning_rate", "l1", "l2", "dropout", "clip_norm",
        "clip_value", "early_stopping", "seed", "backend",
    )  # fmt: skip
    given: dict[str, Any] = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    if given.get("learning_rate") == "auto":
        del given["learning_rate"]
    if options.batch_size is not None:
        given["batch_size"] = _batch_size(options.batch_size)
    legal = {n: values.checked(TrainingConfig, n, v, where=f"--{n.replace('_', '-')}") for n, v in given.items()}
    return replace(config, **legal)


def _batch_size(text: str) -> int:
    if text == "full":
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise UserInputError(f"{text!r} is no batch size.", where="--batch-size", remedy="Use a whole number, or full.")
    return int(text)


def network_of(
    options: argparse.Namespace, prepared: Prepared, config: TrainingConfig, saved: NetworkSpec | None
) -> NetworkSpec:
    base = saved if saved is not None and saved.layers else suggest.network_for(prepared, config)
    if options.network:
        base = _network_file(options.network)
    elif options.hidden:
        usual = suggest.network_for(prepared, config).layer("l1").layer  # the first that is hidden
        base = mlp(1, _widths(options.hidden), 1, activation=getattr(usual, "activation", "relu"))
        base = suggest.embedding(base, prepared)
    if options.activation:
        base = _with_activation(base, options.activation)
    return suggest.fitted(base, prepared, config)


def _with_activation(network: NetworkSpec, name: str) -> NetworkSpec:
    """Every Dense layer but the output with this activation."""
    values.checked(Dense, "activation", name, where="--activation")
    for spec in network.layers:
        if isinstance(spec.layer, Dense) and network.targets(spec.id):
            network = edits.set_hypers(network, spec.id, activation=name)
    return network


def _widths(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 1_000_000 for part in parts):
        raise UserInputError(f"{text!r} are no layer widths.", where="--hidden", remedy="Write them as 64,32.")
    return tuple(int(part) for part in parts)


def _network_file(path: str) -> NetworkSpec:
    from core.project import strict_json

    try:
        raw = Path(path).read_bytes()
    except OSError as err:
        raise UserInputError("This file cannot be read.", where=path, reason=str(err.strerror)) from err
    data = strict_json.loads(raw, path)
    if not isinstance(data, dict):
        raise UserInputError("A network is a JSON object with layers and edges.", where=path)
    return NetworkSpec.from_json(data.get("network", data))
