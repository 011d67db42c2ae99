"""Where the window finds its panels. Each is imported when it is first needed: a cold start shows a window sooner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.session import Session

Panel = Callable[["Session"], QWidget]


def _data_summary(session: Session) -> QWidget:
    from app.data.summary import DataSummary

    return DataSummary(session)


def _palette(session: Session) -> QWidget:
    from app.canvas.palette import Palette

    return Palette(session)


def _layer_list(session: Session) -> QWidget:
    from app.canvas.layer_list import LayerList

    return LayerList(session)


def _inspector(session: Session) -> QWidget:
    from app.inspector.panel import Inspector

    return Inspector(session)


def _plots(session: Session) -> QWidget:
    from app.plots.panel import PlotsPanel

    return PlotsPanel(session)


def _data_page(session: Session) -> QWidget:
    from app.data.page import DataPage

    return DataPage(session)


def _canvas(session: Session) -> QWidget:
    from app.canvas.view import CanvasView

    return CanvasView(session)


def _lens(session: Session) -> QWidget:
    from app.lens.network_view import NetworkLens

    return NetworkLens(session)


def _evaluate(session: Session) -> QWidget:
    from app.evaluation.page import EvaluatePage

    return EvaluatePage(session)


def _predict(session: Session) -> QWidget:
    from app.evaluation.predict_page import PredictPage

    return PredictPage(session)


def _export(session: Session) -> QWidget:
    from app.export.page import ExportPage

    return ExportPage(session)


# The centre of each stage by its name, and the panels around it.
PANELS: Mapping[str, Panel] = {
    "Data": _data_page,
    "Design": _canvas,
    "Train": _lens,
    "Evaluate": _evaluate,
    "Predict": _predict,
    "Export": _export,
    "summary": _data_summary,
    "palette": _palette,
    "layers": _layer_list,
    "inspector": _inspector,
    "plots": _plots,
}
