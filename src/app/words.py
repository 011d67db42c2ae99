"""Durations, sizes and scores in words."""

from __future__ import annotations

from app import theme
from core.backend.choose import BackendInfo
from core.evaluation.result import Evaluation
from core.training.snapshot import Snapshot

METRICS = {"accuracy": "accuracy", "micro_f1": "micro F1", "rmse": "RMSE"}


def clock(seconds: float) -> str:
    """ "0:04", "12:30", "1:02:03"."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def duration(seconds: float) -> str:
    """Like `clock`, with tenths where they matter: "0.4 s", "1:02"."""
    return f"{seconds:.1f} s" if seconds < 9.95 else clock(seconds)


def backend_name(info: BackendInfo) -> str:
    return {"numpy": "NumPy", "mlx": "MLX"}.get(info.name, info.name)


def size(count: int) -> str:
    """Bytes as "512 B", "3.1 kB", "12 MB"; powers of 1,000."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.2g} {unit}"


def score(evaluation: Evaluation | None, snapshot: Snapshot | None) -> tuple[str, str, str]:
    """The number that sums up how good the network is: (what, value, explanation)."""
    if evaluation is not None:
        if evaluation.task == "labels":
            return _labels_score(evaluation)
        return _score("Test", evaluation.task == "classification", evaluation.metrics, evaluation.rows)
    if snapshot is not None and "metric/validation" in snapshot.latest:
        classes, value = snapshot.metric == "accuracy", snapshot.latest["metric/validation"]
        name = f"Validation {METRICS[snapshot.metric]}"
        help = "On rows held back from training, after the last epoch. The test rows stay unseen until the end."
        return name, percent(value) if classes else theme.number(value), help
    return "Test score", "—", "How well the network does on test rows that it never saw. Known once it is trained."


def _labels_score(evaluation: Evaluation) -> tuple[str, str, str]:
    found = evaluation.metrics
    base = theme.number(round(found["baseline_micro_f1"], 4))
    help = (
        f"F1 score of all labels of {evaluation.rows:,} unseen rows together; 1 is perfect. One and the same answer "
        f"for every row would reach {base}."
    )
    return "Test micro F1", theme.number(round(found["micro_f1"], 4)), help


def _score(part: str, classes: bool, metrics: object, rows: int) -> tuple[str, str, str]:
    found = dict(metrics)  # type: ignore[call-overload]
    if classes:
        base = percent(found["baseline_accuracy"]) if "baseline_accuracy" in found else ""
        note = f" Always naming the largest class would reach {base}." if base else ""
        help = f"Share of {rows:,} unseen rows answered right.{note}"
        return f"{part} accuracy", percent(found.get("accuracy")), help
    base = theme.number(found["baseline_rmse"]) if "baseline_rmse" in found else ""
    note = f" Always answering the mean would give {base}." if base else ""
    help = f"Root mean squared error on {rows:,} unseen rows, in the target's unit; smaller is better.{note}"
    return f"{part} RMSE", theme.number(found.get("rmse")), help


def percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"
