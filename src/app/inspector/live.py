"""WEIGHTS and GRADIENT of one layer, live while a run goes on and somebody looks; else the trained weights.

Kernels of convolutions are pictures of their own, everything else is a heat map. What a layer carries without training
it, such as running statistics, is shown beside its parameters and has no gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.embedding import Tokens
from app.inspector.embedding_map import EmbeddingMap
from app.inspector.heat_map import HeatMap, SignedScale, as_matrix
from app.inspector.histogram import CountHistogram, LogHistogram
from app.inspector.kernels import KernelMap
from app.widgets import ElidedLabel, SectionHead, Segmented, label, set_role, wrapped

if TYPE_CHECKING:
    from app.session import Session

REDRAW_MILLISECONDS = 100
HEALTHY = (1e-4, 1e-2)  # update ‖ΔW‖ beside weights ‖W‖; about 1e-3 is usual
WANTED = ("weights", "gradient", "histogram")
FEWEST_COUNTED = 48  # numbers from which it is worth seeing how they spread
MOST_LETTERS = 18  # of the names of arrays that stand side by side


def health(ratio: float) -> tuple[str, str]:
    """A word for an update ratio and how it is told: "good" or "warn"."""
    if ratio < HEALTHY[0]:
        return "slow", "warn"
    return ("fast", "warn") if ratio > HEALTHY[1] else ("healthy", "good")


class LiveTensors(QWidget):
    """Follows one layer, or none. It subscribes to the engine's tensors only while it is visible."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._id, self._name = session, "", ""
        self._names: tuple[str, ...] = ()
        self._state: frozenset[str] = frozenset()
        self._tokens: dict[str, Tokens] = {}
        self._row_names: tuple[str, ...] = ()
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        session.engine.snapshot_changed.connect(self._later)
        session.document.weights_changed.connect(self._later)
        self.map.read.connect(self._read)
        self.kernels.read.connect(self._read_kernel)

    def _build(self) -> None:
        self.shape = label("", "mono_small")
        self.choice: Segmented | QComboBox | None = None
        self.map, self.kernels, self.reading = HeatMap(), KernelMap(), ElidedLabel("", "mono_small")
        self.points, self.told = EmbeddingMap(), ElidedLabel("", "muted")
        self.points.read.connect(self.told.set_text)
        self.spread = CountHistogram()
        self.histogram, self.norm, self.word = LogHistogram(), label("", "mono_small", wrap=True), label("", "good")
        self.none_yet = label("They appear here once a run begins.", "muted", wrap=True)
        self.no_gradient = label("Train a step to see which way the weights are pulled.", "muted", wrap=True)
        self.head = SectionHead("Weights", self.shape)
        self.legend = QWidget()
        row = QHBoxLayout(self.legend)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.reading, 1)
        row.addWidget(SignedScale())
        facts = QHBoxLayout()
        facts.addWidget(self.norm, 1)
        facts.addWidget(self.word)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (
            self.head,
            self.none_yet,
            self.points,
            self.told,
            self.map,
            self.kernels,
            self.legend,
            self.spread,
        ):
            column.addWidget(part)
        column.addSpacing(8)
        self.gradient_head = SectionHead("Gradient")
        for part in (self.gradient_head, self.no_gradient, self.histogram):
            column.addWidget(part)
        column.addLayout(facts)

    # --- which layer

    def show_layer(
        self,
        id: str,
        names: tuple[str, ...],
        row_names: tuple[str, ...],
        *,
        state: tuple[str, ...] = (),
        gates: str = "",
        tokens: tuple[Tokens, ...] = (),
    ) -> None:
        """names: its parameters; state: what it carries untrained; row_names: what feeds it, where that has names;
        gates: a letter for each gate of a recurrent layer, whose columns stand side by side; tokens: what the rows of
        an embedding stand for. id "": nothing to show."""
        every, of = (*names, *state), {each.array: each for each in tokens}
        if (id, every, of) != (self._id, self._names, self._tokens):
            self._id, self._names, self._state, self._tokens = id, every, frozenset(state), of
            self._name = every[0] if every else ""
            self.histogram.clear()
            self._offer(every)
        self._row_names = row_names
        self.map.gates = gates
        self.setVisible(bool(every))
        self._subscribe()
        self.refresh()

    def _offer(self, names: tuple[str, ...]) -> None:
        """W or b: a choice where a layer has several arrays; a list where their names would not fit side by side."""
        if self.choice is not None:
            self.choice.hide()
            self.choice.deleteLater()
            self.choice = None
        if len(names) < 2:
            return
        shown = [self._tokens[name].column if name in self._tokens else name for name in names]
        if sum(len(text) + 2 for text in shown) <= MOST_LETTERS:
            texts = zip(names, shown, strict=True)
            made: Segmented | QComboBox = Segmented(tuple((n, text, self._tip(n)) for n, text in texts))
            made.chosen.connect(self._choose)  # type: ignore[union-attr]
        else:
            made = QComboBox()
            made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            made.setMinimumContentsLength(8)
            for i, (name, text) in enumerate(zip(names, shown, strict=True)):
                made.addItem(text)
                made.setItemData(i, self._tip(name), Qt.ItemDataRole.ToolTipRole)
            made.setAccessibleName("Which of its arrays")
            of = dict(zip(shown, names, strict=True))
            made.textActivated.connect(lambda text: self._choose(of[text]))
        self.choice = made
        head = self.head.layout()
        assert isinstance(head, QHBoxLayout)
        head.insertWidget(1, made)

    def _tip(self, name: str) -> str:
        what = f"the labels of {self._tokens[name].column}" if name in self._tokens else name
        return f"Show {what}, which it carries from step to step" if name in self._state else f"Show {what}"

    def _choose(self, name: str) -> None:
        self._name = name
        self.points.clear()
        self.histogram.clear()
        self.refresh()

    def _subscribe(self) -> None:
        self._session.engine.subscribe(self, WANTED if self._names and self.isVisible() else ())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._subscribe()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._subscribe()

    # --- what is known of it

    def _later(self, _what: object = None) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def array(self, kind: str) -> np.ndarray | None:
        """ "weights" or "gradient" of the parameter shown: from the run, else the trained weights."""
        shot = self._session.engine.snapshot
        found = shot.tensors.get(f"{kind}/{self._id}/{self._name}") if shot is not None else None
        if found is None and kind == "weights":
            trained = self._session.document.weights or {}
            found = trained.get(self._id, {}).get(self._name)
        return found

    def refresh(self) -> None:
        if not self._names:
            return
        weights, gradient = self.array("weights"), self.array("gradient")
        self.none_yet.setVisible(weights is None)
        large = shot_has_weights(self._session) and weights is None
        self.none_yet.setText("Too many numbers to picture." if large else "They appear here once a run begins.")
        pictured = weights is not None and weights.ndim in (3, 4)
        labels = self._labels(weights)
        for part in (self.points, self.told):
            part.setVisible(bool(labels))
        if labels and weights is not None:
            self.points.show_array(weights, labels, f"{self._id}/{self._name}")
        self.map.setVisible(weights is not None and not pictured)
        self.kernels.setVisible(pictured)
        self.legend.setVisible(weights is not None)
        self.shape.setVisible(weights is not None)
        if self.choice is not None:
            self.choice.setVisible(weights is not None or large)
        if weights is not None:
            self._show_array(weights)
        self._show_spread()
        carried = self._name in self._state
        self.head.set_text("Running statistics" if carried else "Weights")
        self.gradient_head.setVisible(weights is not None and not carried)
        self.no_gradient.setVisible(weights is not None and gradient is None and not carried)
        self.histogram.setVisible(gradient is not None)
        if gradient is not None:
            self.histogram.show_array(gradient)
        self._show_facts(gradient)

    def _labels(self, weights: np.ndarray | None) -> tuple[str, ...]:
        """What the rows of the array stand for, where it is an embedding of labels that are known."""
        found = self._tokens[self._name].labels if self._name in self._tokens else ()
        return found if weights is not None and len(weights) == len(found) else ()

    def _show_array(self, weights: np.ndarray) -> None:
        self.shape.setText(" × ".join(f"{n:,}" for n in weights.shape))
        if weights.ndim in (3, 4):
            self.kernels.show_array(weights)
            self.kernels.setAccessibleName(f"Kernels {self._name} of this layer")
            self._read_kernel(self.kernels.at)
            return
        self.map.show_array(weights)
        self.map.setAccessibleName(f"{self._name} of this layer")
        self._read(*self.map._at)

    def _show_spread(self) -> None:
        """How the numbers spread: counted by the engine, so that it is told of arrays too large to picture, too."""
        shot = self._session.engine.snapshot
        tensors = shot.tensors if shot is not None else {}
        counts = tensors.get(f"histogram/weights/{self._id}/{self._name}")
        edges = tensors.get(f"edges/weights/{self._id}/{self._name}")
        enough = counts is not None and edges is not None and int(counts.sum()) >= FEWEST_COUNTED
        self.spread.setVisible(enough)
        if counts is not None and edges is not None and enough:
            self.spread.show_counts(counts, edges)

    def _show_facts(self, gradient: np.ndarray | None) -> None:
        shot = self._session.engine.snapshot
        latest = shot.latest if shot is not None else {}
        norm, ratio = latest.get(f"gradient/{self._id}"), latest.get(f"ratio/{self._id}")
        known = gradient is not None and norm is not None
        self.norm.setVisible(known)
        self.word.setVisible(known and ratio is not None)
        if norm is None or gradient is None:
            return
        zero = f" · {self.histogram.zeros:.0%} zero" if self.histogram.zeros >= 0.005 else ""
        update = f" · update {theme.number(_two_digits(ratio))}" if ratio is not None else ""
        self.norm.setText(f"‖dW‖ {theme.number(_two_digits(norm))}{update}{zero}")
        self.norm.setToolTip(
            wrapped(
                "‖dW‖: length of this layer's gradient, all its parameters together. Update: how far a step moves the "
                "weights beside their own length; between 1e-4 and 1e-2 is healthy. Zero: entries of dW that are 0."
            )
        )
        if ratio is not None:
            word, role = health(ratio)
            self.word.setText(word)
            set_role(self.word, role)

    # --- the pointer

    def _read(self, row: int, column: int) -> None:
        matrix = self.map.matrix
        if row < 0 or row >= matrix.shape[0] or column >= matrix.shape[1]:
            self.reading.setText(f"± {theme.number(_two_digits(self.map.scale))} at most")
            return
        value = theme.number(float(matrix[row, column]))
        weights = self.array("weights")
        if weights is not None and as_matrix(weights).shape[0] == 1 and weights.ndim < 2:
            self.reading.setText(f"{self._name} of unit {column + 1}: {value}")
            return
        names = self._labels(weights) or self._row_names
        source = names[row] if len(names) == matrix.shape[0] else f"{row + 1}"
        unit = self.map.gate_of(column)
        self.reading.setText(f"{source} → {unit or column + 1}: {value}")

    def _read_kernel(self, place: int) -> None:
        shown = self.kernels.shown
        if not 0 <= place < len(shown.tiles):
            weights = self.array("weights")
            filters = weights.shape[-1] if weights is not None else 0
            part = "" if len(set(shown.filters)) == filters else f"{len(set(shown.filters))} of {filters:,} filters, "
            self.reading.setText(f"{part}± {theme.number(_two_digits(self.kernels.scale))} at most")
            return
        channel = f", channel {shown.channels[place] + 1}" if shown.channels[place] >= 0 and shown.columns else ""
        low, high = float(shown.tiles[place].min()), float(shown.tiles[place].max())
        numbers = f"{theme.number(_two_digits(low))} … {theme.number(_two_digits(high))}"
        self.reading.setText(f"filter {shown.filters[place] + 1}{channel}: {numbers}")


def shot_has_weights(session: Session) -> bool:
    """Whether the run tells weights at all: an array that is then missing was too large to copy."""
    shot = session.engine.snapshot
    return shot is not None and any(name.startswith("weights/") for name in shot.tensors)


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
