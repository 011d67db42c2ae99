"""How training images are varied: fields made from their descriptions, and examples that change with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.number_combo import NumberCombo, NumberRules
from app.pictures import Pictures, scaled, to_image
from app.widgets import icon_button, label, wrapped
from core.data.augmentation import Augmentation, Augmenter
from core.data.pixels import normalised
from core.data.preprocess import ImageFeature
from core.values import Hyper, hypers

if TYPE_CHECKING:
    from app.session import Session

DELAY_MS = 200
ACROSS, DOWN, TILE, GAP = 5, 2, 44, 5


class Examples(QWidget):
    """Some images, each as it is and then as training may meet it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: list[QPixmap] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Examples of varied images")
        self.setToolTip(wrapped("At the left an image as it is; beside it what training may make of it."))
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(ACROSS * (TILE + GAP) - GAP, DOWN * (TILE + GAP) - GAP)

    def show_examples(self, rows: list[list[np.ndarray]], white: float) -> None:
        ratio = self.devicePixelRatioF()
        self._pixmaps = [scaled(to_image(pixels, white), TILE, ratio) for row in rows for pixels in row]
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.current()
        for k, pixmap in enumerate(self._pixmaps):
            line, across = divmod(k, ACROSS)
            box = QRectF(across * (TILE + GAP), line * (TILE + GAP), TILE, TILE)
            size = pixmap.deviceIndependentSize()
            at = QRectF(0, 0, size.width(), size.height())
            at.moveCenter(box.center())
            painter.drawPixmap(at, pixmap, QRectF(pixmap.rect()))
            if across == 0:
                painter.setPen(colours.accent)
                painter.drawRect(box.adjusted(0, 0, -1, -1))


class AugmentationForm(QWidget):
    """Changes are sent on when the hand rests for a moment; the examples follow at once."""

    def __init__(self, session: Session, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._pictures = session, pictures
        self._how, self._seed = Augmentation(), 1
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._send)
        self.examples = Examples()
        self.fields: dict[str, NumberCombo | QComboBox] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(label("Vary the training images", "title"), 1)
        head.addWidget(icon_button("refresh", "Other examples.", on_click=self._other_examples))
        column.addLayout(head)
        column.addWidget(self.examples)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for row, (name, told) in enumerate(hypers(Augmentation).items()):
            editor = self.fields[name] = self._editor(name, told)
            caption = label(told.label, "muted")
            caption.setBuddy(editor)
            for widget in (caption, editor):
                widget.setToolTip(wrapped(told.help))
            editor.setAccessibleName(told.label)
            editor.setAccessibleDescription(told.help)
            grid.addWidget(caption, row, 0)
            grid.addWidget(editor, row, 1)
        column.addLayout(grid)

    def _editor(self, name: str, told: Hyper) -> NumberCombo | QComboBox:
        if told.kind == "choice":
            combo = QComboBox()
            for value, text in told.choices:
                combo.addItem(text, value)
            combo.activated.connect(lambda _row: self._change(name, combo.currentData()))
            return combo
        number = NumberCombo(0.0, NumberRules.of(told, {0.0: "off"}), suggestions=told.suggestions)
        number.value_changed.connect(lambda value: self._change(name, value))
        return number

    def show_settings(self, how: Augmentation) -> None:
        if self._timer.isActive():
            return  # what the person is turning counts more than what it was
        self._how = how
        for name, editor in self.fields.items():
            value = getattr(how, name)
            if isinstance(editor, NumberCombo):
                editor.set_value(value)
            else:
                editor.setCurrentIndex(editor.findData(value))
        self.refresh_examples()

    def _change(self, name: str, value: object) -> None:
        self._how = replace(self._how, **{name: value})  # type: ignore[arg-type]
        self.refresh_examples()
        self._timer.start()

    def _send(self) -> None:
        data = self._session.document.project.data
        if data is not None and data.augmentation != self._how:
            self._session.change_data("Vary the training images", augmentation=self._how)

    def _other_examples(self) -> None:
        self._seed += 1
        self.refresh_examples()

    def refresh_examples(self) -> None:
        prepared = self._session.document.prepared
        feature = prepared.preparation.image if prepared is not None else None
        self.examples.setVisible(feature is not None)
        if prepared is None or feature is None:
            return
        rows: list[list[np.ndarray]] = []
        for row in self._some():
            pixels = self._pictures.pixels(row)
            if pixels is not None:
                rows.append([pixels, *self._variations(pixels, feature)])
        self.examples.show_examples(rows, feature.white)

    def _some(self) -> list[int]:
        """Images of different classes, others for every seed."""
        profile = self._session.document.profile
        if profile is None or profile.images is None:
            return []
        known = np.flatnonzero(profile.images.usable)
        chosen = np.random.default_rng(self._seed).permutation(len(known))[:64]
        picked: dict[object, int] = {}
        for row in known[chosen]:
            picked.setdefault(profile.images.labels[row].item(), int(row))
        return list(picked.values())[:DOWN]

    def _variations(self, pixels: np.ndarray, feature: ImageFeature) -> list[np.ndarray]:
        x = normalised(np.repeat(pixels[None], ACROSS - 1, axis=0), feature)
        vary = Augmenter(self._how, seed=self._seed, total=ACROSS - 1)
        changed = vary(x, epoch=0, rows=np.arange(ACROSS - 1)) if self._how else x
        back = changed * np.array(feature.scale) + np.array(feature.mean)
        return list(np.clip(back, 0, feature.white).astype(np.float32))
