"""Trying an exported program: run as a person would run it, in a Python of its own."""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.preprocess import LabelsTarget
from core.errors import UserInputError
from core.export.base import HeldOut, Reloaded, classes_of, separator_of
from core.export.walk import shaped
from core.model import TrainedModel
from core.project.weights import Weights

SECONDS = 120


def folder(path: Path) -> None:
    """Make the folder of an export; raises UserInputError where it cannot be."""
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError as err:
        raise UserInputError("A file has this name already.", where=str(path), remedy="Choose another name.") from err
    except OSError as err:
        raise UserInputError(
            "This folder cannot be made.", where=str(path), reason=f"The system says: {err.strerror or err}."
        ) from err


def answers(
    path: Path, model: TrainedModel, rows: HeldOut, *, library: str, label: str, reread: Callable[[], Weights]
) -> Reloaded:
    """What `path`/model.py prints for the rows as a CSV file.

    Where its library or a Python to run it is missing, the written weights are read again with `reread` and computed
    here instead, and the note says so.
    """
    # A packaged program has no Python to lend, and its own executable would open a window.
    if getattr(sys, "frozen", False) or importlib.util.find_spec(library) is None:
        return _reference(model, rows, reread(), f"{label} is not installed here, so the program itself was not run.")
    printed, why = _run(path / "model.py", rows)
    if why:
        return _reference(model, rows, reread(), f"The program could not be tried with {label} here: {why}.")
    return Reloaded(_parsed(printed, model), f"model.py with {label} {importlib.metadata.version(library)}")


def _run(program: Path, rows: HeldOut) -> tuple[bytes, str]:
    """What it prints, and why it failed or ""."""
    with tempfile.TemporaryDirectory(prefix="chainrule-") as place:
        command = [sys.executable, "-I", str(program), str(_input(Path(place), rows))]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return b"", f"it took more than {SECONDS} seconds"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return done.stdout, (said or [f"exit status {done.returncode}"])[-1] if done.returncode else ""


def _input(folder: Path, rows: HeldOut) -> Path:
    """The rows as a file that the program reads."""
    if rows.images is not None:
        pixels = folder / "pixels.npy"
        np.save(pixels, rows.images, allow_pickle=False)
        return pixels
    table = folder / "rows.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(rows.columns)
        out.writerows(zip(*rows.columns.values(), strict=True))
    return table


def _parsed(output: bytes, model: TrainedModel) -> np.ndarray:
    table = list(csv.reader(io.StringIO(output.decode(), newline="")))[1:]
    classes = classes_of(model)
    if not classes:
        return np.array([[float(row[0])] for row in table])
    p = np.array([[float(cell) for cell in row[1:]] for row in table])
    target = model.preparation.target
    if isinstance(target, LabelsTarget):
        joined = (separator_of(target).join(np.array(classes)[row]) for row in p >= 0.5)
    else:
        joined = (classes[i] for i in p.argmax(axis=1))
    if [*joined] != [row[0] for row in table]:
        raise RuntimeError("the labels of the exported program do not belong to its probabilities")
    return p


def _reference(model: TrainedModel, rows: HeldOut, weights: Weights, note: str) -> Reloaded:
    x = rows.prepared(model.preparation)
    again = replace(model, weights=weights)
    return Reloaded(again.answers(shaped(again, x), dtype=np.float64), "Chainrule reference evaluator, 64-bit", note)
