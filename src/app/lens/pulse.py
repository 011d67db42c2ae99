"""One step made visible: a pulse going forward through the network, then its gradient coming back."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QRectF, QVariantAnimation, Signal
from PySide6.QtGui import QPainter

from app import theme
from app.lens import edges as lines
from app.lens import ribbons
from app.lens.edges import Edges
from app.lens.view import View

MILLISECONDS = 200
REACH = 46.0  # half the width of the pulse


class Pulse(QObject):
    """moved: time to paint. Does nothing where the system asks for less motion."""

    moved = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setDuration(MILLISECONDS)
        self._animation.valueChanged.connect(lambda _value: self.moved.emit())
        self._animation.finished.connect(self.moved)
        self._back: Edges | None = None

    @property
    def running(self) -> bool:
        return self._animation.state() == QVariantAnimation.State.Running

    def start(self, view: View) -> None:
        if not theme.animates() or not view.layout.columns:
            return
        gradient = any(name.startswith("gradient/") for name in view.tensors)
        kind = "gradient" if gradient else "weights"
        self._back = lines.build(view.structure, view.layout, view.tensors, kind)
        self._animation.stop()
        self._animation.start()

    def stop(self) -> None:
        self._animation.stop()

    def paint(self, painter: QPainter, view: View, *, pixel: float) -> None:
        """In the units of the layout: forward in the accent colour, backward in the colours of the gradient's signs."""
        if not self.running or not view.layout.columns:
            return
        t = float(self._animation.currentValue())
        centres = [placed.centre for placed in view.layout.columns]
        first, last = min(centres), max(centres)
        forward = t < 0.5
        at = first + (last - first) * (2 * t if forward else 2 - 2 * t)
        painter.save()
        painter.setClipRect(QRectF(at - REACH, 0, 2 * REACH, view.layout.height))
        edges = view.edges if forward or self._back is None else self._back
        near = np.maximum(edges.start[:, 0], edges.end[:, 0]) > at - REACH
        near &= np.minimum(edges.start[:, 0], edges.end[:, 0]) < at + REACH
        tint = theme.current().accent if forward else None
        ribbons.paint(painter, view, strong=True, tint=tint or theme.current().positive)
        lines.paint(painter, edges, pixel=pixel, chosen=near, strong=True, tint=tint)
        painter.restore()
