"""Exports by name: `formats` for a menu, `export_with_receipt` for the deed."""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
from pathlib import Path

import core.export as room
from core.data.progress import Progress, silent
from core.data.schema import Prepared
from core.errors import UserInputError
from core.export.base import Exporter, FormatInfo
from core.export.receipt import held_out, receipt
from core.export.result import ExportResult
from core.model import TrainedModel
from core.spec import DataSpec

__all__ = ["FormatInfo", "export_with_receipt", "format_info", "formats"]

ORDER = ("onnx", "coreml", "pytorch", "mlx", "numpy", "safetensors")


@functools.cache
def _exporters() -> dict[str, Exporter]:
    """Every module in this folder that has an `EXPORTER`, in a fixed order, unknown ones last."""
    modules = (importlib.import_module(f"{room.__name__}.{m.name}") for m in pkgutil.iter_modules(room.__path__))
    found: list[Exporter] = [module.EXPORTER for module in modules if hasattr(module, "EXPORTER")]
    place = {name: i for i, name in enumerate(ORDER)}
    return {e.info.name: e for e in sorted(found, key=lambda e: (place.get(e.info.name, len(place)), e.info.name))}


def formats() -> tuple[FormatInfo, ...]:
    return tuple(exporter.info for exporter in _exporters().values())


def format_info(name: str) -> FormatInfo:
    """Raises UserInputError for an unknown format."""
    return _exporter(name).info


def _exporter(name: str) -> Exporter:
    if name not in _exporters():
        known = ", ".join(_exporters())
        raise UserInputError(f"Unknown export format {name!r}.", remedy=f"Use one of: {known}.")
    return _exporters()[name]


def export_with_receipt(
    format: str,
    model: TrainedModel,
    path: str | os.PathLike[str],
    prepared: Prepared | None = None,
    data: DataSpec | None = None,
    *,
    progress: Progress = silent,
) -> ExportResult:
    """Write `model` to `path`, read it again with another program, and compare both on held-out rows.

    data: where held-out rows come from; prepared: their arrays, made anew where they are gone. Where the source is gone
    or has changed, rows are made up and the receipt says so.

    Raises:
        UserInputError: an unknown format, a layer the format cannot hold, a library it needs, a disk that refuses.
    """
    exporter = _exporter(format)
    target = Path(os.path.abspath(path))
    rows = held_out(model, prepared, data, progress=progress)
    progress(f"Writing {target.name}", None)
    files = exporter.write(model, target)
    progress("Reading it again and comparing the answers", None)
    proof = receipt(exporter, target, model, rows)
    size = sum(file.stat().st_size for file in files)
    return ExportResult(format, str(target), tuple(str(file) for file in files), size, proof)
