"""What the sub-commands do: each takes the parsed options and returns (answer as plain data, answer in words)."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from core import column_options, edits, suggest, values
from core.command_folds import cross_validated, folds_json, folds_words
from core.console import quiet, run_progress, say
from core.data.augmentation import Augmentation
from core.data.dates import written
from core.data.schema import ImageFacts, Part, Prepared, TableProfile
from core.engine.messages import Ended, TrainingTask
from core.errors import UserInputError
from core.evaluation.labels import NONE, labels_of
from core.evaluation.result import Evaluation, Predictions
from core.layers.dense import Dense
from core.losses import resolve
from core.model import TrainedModel
from core.optimizers import OPTIMIZERS
from core.project import file as project_file
from core.project.atomic import check_writable
from core.project.file import SavedProject
from core.schedules import schedule_from_json
from core.spec import DataSource, DataSpec, NetworkSpec, Project, TrainingConfig, mlp

Answer = tuple[Any, str]


def source_of(path: str) -> DataSource:
    """A data file, a bundled sample as "sample:iris", or generated data as "generator:moons?rows=400&noise=0.1".

    Raises:
        UserInputError: a generator, a setting or a value that does not exist.
    """
    kind, _, name = path.partition(":")
    if kind == "sample" and name:
        return DataSource(kind, name)
    if kind == "generator" and name:
        return _generator_of(*name.split("?", 1))
    return DataSource("file", Path(path).name, str(Path(path).absolute()))


def _generator_of(name: str, query: str = "") -> DataSource:
    """Settings that are not named are as usual for that generator."""
    from core.data import generators

    plain = generators.usual(name)
    told = values.hypers(plain)
    given: dict[str, Any] = {"rows": plain.rows, "noise": plain.noise, "seed": plain.seed}
    for setting, text in parse_qsl(query, keep_blank_values=True):
        number = told[setting].kind in ("int", "float") if setting in told else False
        given[setting] = _number(text, where=f"generator:{name}, {setting}") if number else text
    common = {field: given.pop(field) for field in generators.COMMON}
    made = generators.settled(name, **common, choices=given)
    own = {field: getattr(made, field) for field in given}
    return DataSource("generator", name, rows=made.rows, noise=made.noise, seed=made.seed, choices=own)


def _number(text: str, *, where: str) -> int | float:
    try:
        return float(text) if not text.lstrip("+-").isdecimal() else int(text)
    except ValueError:
        raise UserInputError(f"{text!r} is not a number.", where=where) from None


def _as_told(source: DataSource, options: argparse.Namespace) -> DataSource:
    """A source, read as the options of the command line say."""
    told = {name: getattr(options, name) for name in DataSource.READING if getattr(options, name)}
    if not options.also:
        return replace(source, **told)
    if source.kind != "file":
        remedy = "Name two files, or leave --also out."
        raise UserInputError("Only a file can have others beside it.", where="--also", remedy=remedy)
    also = tuple(str(Path(path).absolute()) for path in options.also)
    name = f"{source.name} and {len(also):,} more"
    return replace(source, name=name, also=also, **told)


def _check_out(out: str, *inputs: str) -> None:
    """Refuse, before any work, a place where nothing can be written or whose file is being read."""
    check_writable(out)
    if os.path.realpath(out) in map(os.path.realpath, inputs):
        raise UserInputError("This would replace the file that is read.", where=out, remedy="Choose another name.")


# --- inspect


def inspect(options: argparse.Namespace) -> Answer:
    """Columns, kinds, guesses and findings of a data file."""
    from core.data import load

    source = _as_told(source_of(options.data), options)
    spec = DataSpec.from_json({**DataSpec(source).to_json(), **_target_given(options, DataSpec(source))})
    profile = load.inspect(spec, progress=quiet)
    return profile_json(profile), _profile_words(profile)


def profile_json(profile: TableProfile) -> dict[str, Any]:
    """A profile as plain data, without its preview."""
    columns = [
        {k: v for k, v in vars(c).items() if k not in ("histogram", "categories")}
        | {"categories": [list(pair) for pair in c.categories[:20]]}
        for c in profile.columns
    ]
    plain = (
        "name", "rows", "target", "task", "target_reason", "format", "part", "parts", "encoding", "delimiter", "header",
        "decimal_comma", "sha256", "targets", "separator",
    )  # fmt: skip
    return {
        **{name: getattr(profile, name) for name in plain},
        "columns": columns,
        **({} if profile.images is None else {"images": _images_json(profile.images)}),
        **({} if profile.together is None else {"together": vars(profile.together)}),
        "findings": [vars(finding) for finding in profile.findings],
        "rejected": {"count": profile.rejected_count, "rows": [vars(row) for row in profile.rejected]},
    }


def _images_json(images: ImageFacts) -> dict[str, Any]:
    sizes = [{"width": width, "height": height, "images": n} for width, height, n in images.sizes]
    plain = {name: getattr(images, name) for name in ("kind", "height", "width", "channels")}
    parts = {part: int((images.part == i).sum()) for i, part in enumerate(("train", "validation", "test"))}
    return {**plain, "sizes": sizes, "split": parts if any(parts.values()) else None, "labels": list(images.targets)}


def _profile_words(profile: TableProfile) -> str:
    lines = [f"{profile.name}: {profile.rows:,} rows, {len(profile.columns)} columns"]
    if (images := profile.images) is not None:
        colours = "grey" if images.channels == 1 else "RGB"
        lines = [f"{profile.name}: {profile.rows:,} images, as {images.width} × {images.height} pixels in {colours}"]
    if profile.together is not None:
        lines.append(f"{profile.together.text} --together says otherwise.")
    if profile.parts:
        listed = ", ".join(f"“{part}”" for part in profile.parts[:12]) + (" …" if len(profile.parts) > 12 else "")
        lines.append(f"Read “{profile.part}”; --part chooses among {listed}.")
    for c in profile.columns:
        role = "  ← target" if c.name in (profile.target, *profile.targets) else ""
        gaps = f", {c.missing:,} missing" if c.missing else ""
        span = ""
        if c.minimum is not None and c.maximum is not None:
            told = written if c.kind == "date" else "{:g}".format
            span = f", {told(c.minimum)} to {told(c.maximum)}"
        lines.append(f"  {c.name}: {c.kind}, {c.distinct:,} distinct{span}{gaps}{role}")
    lines.append(f"Target: {profile.target} ({profile.task}). {profile.target_reason}")
    lines += [f"{finding.severity}: {finding.text}" for finding in profile.findings]
    return "\n".join(lines)


# --- train


def train(options: argparse.Namespace) -> Answer:
    """Prepare, train, evaluate on the test rows, save."""
    from core.data import load, store
    from core.evaluation.evaluate import evaluate as measure
    from core.training.headless import find_here, train_here

    given = options.data.endswith(project_file.SUFFIX)
    if options.out:
        _check_out(options.out, *(() if given else (options.data, *(options.also or ()))))
    saved = project_file.load(options.data) if given else None
    spec = _data_spec(options, saved.project if saved else None)
    if options.also and options.split is None:
        spec = load.adopted(spec, progress=say)
    prepared = load.prepare(spec, progress=say)
    config = _config(options, prepared, saved.project.training if saved else None)
    network = _network(options, prepared, config, saved.project.network if saved else None)
    task = TrainingTask(network, config, prepared, augmentation=spec.augmentation)
    tested = find_here(task) if options.learning_rate == "auto" else None
    if tested is not None:
        say(tested.message)
        config = replace(config, learning_rate=tested.suggestion or config.learning_rate)
    folded = cross_validated(spec, replace(task, config=config), options.folds) if options.folds is not None else None
    began = time.perf_counter()
    ended = train_here(replace(task, config=config), run_progress())
    seconds = time.perf_counter() - began
    if ended.reason == "diverged":
        raise UserInputError(ended.message, where="training")
    if not ended.snapshot.step:
        raise KeyboardInterrupt
    assert ended.weights is not None
    loss = resolve(config.loss, prepared.task, len(prepared.classes))
    name = saved.project.name if saved else Path(spec.source.name).stem
    model = TrainedModel(name, network, ended.weights, prepared.preparation, loss.kind)
    arrays = store.load(prepared)
    parts = {"train": arrays.train, "validation": arrays.validation, "test": arrays.test}
    measured = {part: measure(model, rows, part) for part, rows in parts.items() if len(rows.x)}
    answer = _train_json(prepared, config, ended, model, measured, seconds)
    if tested is not None:
        answer["range_test"] = {"suggestion": tested.suggestion, "message": tested.message}
    if folded is not None:
        answer |= folds_json(folded)
    if options.out:
        layout = saved.project.layout if saved else {}
        project = Project(name, spec, network, config, layout)
        out = SavedProject(project, ended.weights, network, loss.kind, ended.snapshot.history, prepared)
        project_file.save(options.out, out)
        answer["project"] = str(options.out)
    words = _train_words(answer)
    return answer, words if folded is None else f"{folds_words(folded)}\n{words}"


def _data_spec(options: argparse.Namespace, project: Project | None) -> DataSpec:
    if project is not None and project.data is None:
        raise UserInputError("This project has no data.", where=options.data, remedy="Open it and choose data first.")
    spec = project.data if project is not None and project.data else DataSpec(source_of(options.data))
    spec = replace(spec, source=_as_told(spec.source, options))
    given = {
        "validation": options.validation,
        "test": options.test,
        "seed": options.seed,
        "excluded": [*spec.excluded, *options.exclude] if options.exclude else None,
        "logs": [*spec.logs, *options.log] if options.log else None,
        "drop_duplicates": options.drop_duplicates or None,
        **column_options.given(options, spec),
        **_target_given(options, spec),
        **_split_given(options),
        **_images_given(options),
    }
    return DataSpec.from_json({**spec.to_json(), **{k: v for k, v in given.items() if v is not None}})


def _target_given(options: argparse.Namespace, spec: DataSpec) -> dict[str, Any]:
    """What to predict as told on the command line; other targets than those of `spec` have no task or separator yet."""
    given: dict[str, Any] = {}
    if options.target and options.target != [spec.target, *spec.targets]:
        first, *others = options.target
        task = "auto" if spec.targets or spec.task == "labels" else spec.task
        given |= {"target": first, "targets": others, "task": task, "separator": ""}
    if options.task != "auto":
        given["task"] = options.task
    if options.separator:
        given["separator"] = options.separator
    return given


def _split_given(options: argparse.Namespace) -> dict[str, Any]:
    """The way to split as told on the command line: "random", "group:NAME"."""
    if options.split is None:
        return {}
    kind, _, column = options.split.partition(":")
    return {"split": kind, "split_by": column}


def _images_given(options: argparse.Namespace) -> dict[str, Any]:
    """Size, channels and augmentation as told on the command line."""
    given: dict[str, Any] = {}
    if options.image_size:
        sides = options.image_size.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
            text = f"{options.image_size!r} is no size of images."
            raise UserInputError(text, where="--image-size", remedy="Write 64, or 64x48 for width and height.")
        given |= {"width": int(sides[0]), "height": int(sides[-1])}
    if options.channels:
        given["channels"] = {"grey": 1, "rgb": 3}[options.channels]
    if options.augment:
        pairs = [pair.partition("=") for pair in options.augment.split(",")]
        told = values.hypers(Augmentation)
        given["augmentation"] = {
            name: _number(text, where="--augment") if name in told and told[name].kind == "float" else text
            for name, _, text in pairs
        }
    return given


def _config(options: argparse.Namespace, prepared: Prepared, saved: TrainingConfig | None) -> TrainingConfig:
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


def _network(
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


def _train_json(
    prepared: Prepared, config: TrainingConfig, ended: Ended, model: TrainedModel,
    measured: dict[str, Evaluation], seconds: float,
) -> dict[str, Any]:  # fmt: skip
    from core.backend.choose import choose

    backend = choose(config.backend)
    final: dict[str, float] = {f"{part}_loss": e.metrics["loss"] for part, e in measured.items()}
    wanted = (
        "accuracy", "subset_accuracy", "micro_f1", "macro_f1", "hamming_loss", "auc", "top3_accuracy", "rmse", "mae",
        "r2",
    )  # fmt: skip
    if "test" in measured:
        metrics = measured["test"].metrics
        final |= {f"test_{name}": metrics[name] for name in wanted if name in metrics}
    return {
        "task": prepared.task,
        "target": prepared.target,
        "backend": backend.name,
        "device": backend.device,
        "rows": dict(prepared.rows),
        "epochs": ended.snapshot.epoch,
        "best_epoch": int(ended.snapshot.latest.get("best/epoch", ended.snapshot.epoch)),
        "steps": ended.snapshot.step,
        "seconds": seconds,
        "message": ended.message,
        "final": final,
        "parameters": sum(a.size for arrays in model.weights.values() for a in arrays.values()),
        "training": config.to_json(),
        "network": model.network.to_json(),
    }


def _train_words(answer: dict[str, Any]) -> str:
    final = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in answer["final"].items())
    saved = f"\nSaved {answer['project']}" if "project" in answer else ""
    return (
        f"{answer['message']}\n{answer['parameters']:,} parameters, {answer['steps']:,} steps in "
        f"{answer['seconds']:.2f} s on {answer['backend']} ({answer['device']}).\n{final}{saved}"
    )


# --- evaluate, predict, export


def evaluate(options: argparse.Namespace) -> Answer:
    """Metrics on the project's test rows, or on all rows of other data."""
    from core.data import load, store
    from core.evaluation.evaluate import evaluate as measure

    saved = project_file.load(options.project)
    model = saved.model()
    if options.data:
        source = _as_told(source_of(options.data), options)
        part: Part = load.load_with_target(source, model.preparation, progress=quiet)
        evaluation = measure(model, part, "data")
    else:
        evaluation = measure(model, store.load(_prepared_again(saved)).test, "test")
    answer: dict[str, Any] = {
        "task": evaluation.task,
        "part": evaluation.part,
        "rows": evaluation.rows,
        "metrics": dict(evaluation.metrics),
        "classes": list(evaluation.classes),
        "confusion": None if evaluation.confusion is None else evaluation.confusion.tolist(),
    }
    if evaluation.task == "labels" and evaluation.per_class is not None:
        told = ("precision", "recall", "f1", "support")
        answer["labels"] = {name: dict(zip(told, row, strict=True)) for name, row in evaluation.per_class.items()}
    lines = [f"{evaluation.rows:,} {evaluation.part} rows"]
    lines += [f"  {name.replace('_', ' ')}: {value:.4g}" for name, value in evaluation.metrics.items()]
    if "labels" in answer:
        scores = answer["labels"].items()
        lines += [f"  {name}: F1 {row['f1']:.4g}, in {row['support']:,} rows" for name, row in scores]
    return answer, "\n".join(lines)


def _prepared_again(saved: SavedProject) -> Prepared:
    """The project's arrays, made anew where the cache no longer has them; refused where the data have changed."""
    from core.data import load

    if saved.project.data is None or saved.prepared is None:
        raise UserInputError("This project holds no data to evaluate on.", remedy="Give other rows with --data.")
    prepared = load.prepare(saved.project.data, progress=quiet)
    if prepared.preparation != saved.prepared.preparation:
        raise UserInputError(
            "The data have changed since this project was trained.",
            where=saved.project.data.source.name,
            remedy="Train again, or give rows with --data.",
        )
    return prepared


def predict(options: argparse.Namespace) -> Answer:
    """Answers for the rows of a file, printed or written as CSV."""
    from core.data.write import write_predictions_csv
    from core.evaluation.predict import predict as answers

    if options.out:
        _check_out(options.out, options.project, options.data)
    source = _as_told(source_of(options.data), options)
    found = answers(project_file.load(options.project).model(), source, progress=quiet)
    rows = len(found.answer)
    if options.out:
        write_predictions_csv(Path(options.out), found)
        return {"path": options.out, "rows": rows, "notes": list(found.notes)}, f"{rows:,} answers in {options.out}"
    if found.pictures is not None:
        named = [f"{name}: {answer}" for (name,), answer in zip(found.inputs, found.answer, strict=True)]
        return predictions_json(found), "\n".join([*named, *found.notes])
    return predictions_json(found), "\n".join([found.target, *(str(answer) or NONE for answer in found.answer)])


def predictions_json(found: Predictions) -> dict[str, Any]:
    """Predictions as plain data."""
    return {
        "target": found.target,
        "task": found.task,
        "classes": list(found.classes),
        "answer": list(found.answer),
        **({"labels": labels_of(found)} if found.task == "labels" else {}),
        "probabilities": None if found.probabilities is None else found.probabilities.tolist(),
        "notes": list(found.notes),
        **({} if found.pictures is None else {"files": [name for (name,) in found.inputs]}),
    }


def export(options: argparse.Namespace) -> Answer:
    """Write the trained network in another format and compare its answers on held-out rows."""
    from core.export.run import export_with_receipt, format_info

    saved = project_file.load(options.project)
    model = saved.model()
    info = format_info(options.format)
    out = options.out or str(Path(options.project).with_suffix("")) + info.suffix
    if not info.is_folder:
        _check_out(out, options.project)
    result = export_with_receipt(options.format, model, out, saved.prepared, saved.project.data, progress=quiet)
    receipt = result.receipt
    answer = {
        "format": result.format,
        "path": result.path,
        "files": list(result.files),
        "bytes": result.bytes,
        "receipt": {**vars(receipt), "passed": receipt.passed},
    }
    verdict = "agrees" if receipt.passed else "DIFFERS"
    words = (
        f"{result.path}: {result.bytes:,} bytes. {receipt.reference} {verdict} on {receipt.rows:,} held-out rows; "
        f"largest difference {receipt.max_abs_difference:.1e}."
    )
    return answer, f"{words} {receipt.note}".strip()


# --- check-gradients


def check_gradients(options: argparse.Namespace) -> Answer:
    """Every gradient against central differences; on MLX too where it works."""
    from core.backend.choose import probe
    from core.gradient_check import check_all

    network, config = None, None
    if options.project:
        project = project_file.load(options.project).project
        network, config = project.network, project.training
    checks = list(check_all(network, config, mlx=probe().name == "mlx"))
    answer = [{**vars(check), "passed": check.passed} for check in checks]
    lines = [f"{'ok  ' if c.passed else 'FAIL'} {c.relative_error:8.1e}  {c.backend:5}  {c.what}" for c in checks]
    worst = max(c.relative_error for c in checks if c.backend == "numpy")
    return answer, "\n".join([*lines, f"{len(checks)} checks, largest relative error {worst:.1e} (NumPy, float64)"])
