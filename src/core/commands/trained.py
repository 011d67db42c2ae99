"""`chainrule evaluate`, `predict`, `export` and `check-gradients`: what is done with a trained project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.sources import as_told, check_out, source_of
from core.console import quiet
from core.data.schema import Part, Prepared
from core.errors import UserInputError
from core.evaluation.labels import NONE, labels_of
from core.evaluation.result import Predictions
from core.project import file as project_file
from core.project.file import SavedProject


def evaluate(options: argparse.Namespace) -> tuple[Any, str]:
    """Metrics on the project's test rows, or on all rows of other data."""
    from core.data import load, store
    from core.evaluation.evaluate import evaluate as measure

    saved = project_file.load(options.project)
    model = saved.model()
    if options.data:
        source = as_told(source_of(options.data), options)
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


def predict(options: argparse.Namespace) -> tuple[Any, str]:
    """Answers for the rows of a file, printed or written as CSV."""
    from core.data.write import write_predictions_csv
    from core.evaluation.predict import predict as answers

    if options.out:
        check_out(options.out, options.project, options.data)
    source = as_told(source_of(options.data), options)
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


def export(options: argparse.Namespace) -> tuple[Any, str]:
    """Write the trained network in another format and compare its answers on held-out rows."""
    from core.export.run import export_with_receipt, format_info

    saved = project_file.load(options.project)
    model = saved.model()
    info = format_info(options.format)
    out = options.out or str(Path(options.project).with_suffix("")) + info.suffix
    if not info.is_folder:
        check_out(out, options.project)
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


def check_gradients(options: argparse.Namespace) -> tuple[Any, str]:
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
