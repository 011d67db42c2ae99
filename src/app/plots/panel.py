"""The bottom row: live plots side by side, fed from the run or from the history that was saved with the project."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from app import theme
from app.notice import Notice
from app.plots import save
from app.plots.figure import Look, Run
from app.plots.kinds import Line, places
from app.plots.menu import PlotMenu
from app.plots.plot import Plot
from app.plots.series import EpochScale
from app.settings import Settings
from app.style import set_role
from app.training_words import steps_per_epoch
from app.widgets import Chip, VLine, wrapped
from core.data.schema import Prepared
from core.training.snapshot import METRICS, History, Snapshot

if TYPE_CHECKING:
    from app.session import Session

TICK = 33  # ms; one plot is drawn a tick, so that painting never takes the window's time in one piece
PLACES = ((1120, 4), (640, 3), (430, 2), (0, 1))  # plots side by side from this width on
OVER = ("finished", "stopped", "diverged")
OLDER = "The network was changed after this run began. Press Train to start a run of the new design."


class PlotsPanel(QWidget):
    """Draws the engine's snapshots while a run goes on, and the document's history when there is none."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, settings: Settings | None = None) -> None:
        super().__init__(parent)
        self._session, self._settings = session, settings or Settings()
        set_role(self, "panel")
        get = self._settings.get
        self._look = Look(in_epochs=get("plots/in_epochs"), smoothing=get("plots/smoothing"))
        self._run = Run()
        self._run_id: int | None = None
        self._next = 0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        self._build()
        self._connect()
        self._take_saved()

    def _build(self) -> None:
        self.plots = [self._plot(key) for key in places(self._settings.get("plots/shown"))]
        self._lines = [VLine() for _ in self.plots[1:]]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # narrower, it shows fewer plots
        self.setMinimumSize(200, 120)
        for i, plot in enumerate(self.plots):
            if i:
                row.addWidget(self._lines[i - 1])
            row.addWidget(plot, 1)
        self.older = Chip("older design", "warning", self.plots[0].chart)
        self.older.setToolTip(wrapped(OLDER))
        self.older.hide()
        self.plots[0].chart.resized.connect(self._place_older)
        self._show_places()

    def _plot(self, key: str) -> Plot:
        menu = PlotMenu(self._look, self)
        plot = Plot(key, self._look, menu)
        menu.look_changed.connect(self._look_changed)
        menu.asked.connect(partial(self._asked, plot))
        plot.kind_chosen.connect(partial(self._choose, plot))
        plot.hovered.connect(partial(self._hovered, plot))
        plot.dirtied.connect(self._wake)
        return plot

    def _connect(self) -> None:
        session = self._session
        session.engine.snapshot_changed.connect(self._take)
        session.running_network_changed.connect(self._network_changed)
        session.document.history_changed.connect(self._take_saved)
        session.document.network_changed.connect(self._network_changed)
        theme.signals.changed.connect(self._take_theme)

    # --- what is drawn

    def _take_theme(self) -> None:
        self._give(self._run)

    def _take(self, snapshot: Snapshot) -> None:
        if snapshot.run_id != self._run_id or snapshot.step < self._run.last_step:
            self._run_id = snapshot.run_id
            self._run = Run()
            for plot in self.plots:
                plot.following = True
        run = self._run
        run.scale.learn(step=snapshot.step, epoch=snapshot.epoch, steps_per_epoch=snapshot.steps_per_epoch)
        run.history, run.metric, run.epochs = snapshot.history, snapshot.metric, snapshot.epochs
        run.over = snapshot.state in OVER
        run.network = self._session.running_network or self._session.document.project.network
        self._give(run)

    def _take_saved(self) -> None:
        """The history of the document: a reopened project's, or none after a reset."""
        document = self._session.document
        history = document.history
        if history is self._run.history:
            return
        self._run_id = None
        trained = document.trained
        prepared = trained.prepared if trained is not None else document.prepared
        metric = METRICS.get(prepared.task if prepared is not None else "", "accuracy")
        network = trained.network if trained is not None else document.project.network
        self._give(Run(history, network, metric, self._even_scale(history, prepared)))

    def _even_scale(self, history: History, prepared: Prepared | None) -> EpochScale:
        """Epochs of a saved run: validated after each, unless its curve was thinned; else from rows and batch size."""
        curve = history.curves.get("loss/validation") or history.curves.get("metric/train")
        if curve is not None and len(curve.step):
            return EpochScale.even(round(float(curve.step[0])))
        rows = prepared.rows.get("train", 0) if prepared is not None else 0
        steps = steps_per_epoch(self._session.document.project.training, rows)
        return EpochScale.even(steps) if steps else EpochScale()

    def _network_changed(self, *_what: object) -> None:
        self.older.setVisible(bool(self._session.design_is_newer and self._run.history.curves))

    def _give(self, run: Run) -> None:
        self._run = run
        for plot in self.plots:
            plot.set_run(run)
        self._network_changed()

    # --- drawing, one plot a tick

    def _wake(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _tick(self) -> None:
        shown = [plot for plot in self.plots if plot.isVisible()]
        order = shown[self._next % len(shown) :] + shown[: self._next % len(shown)] if shown else []
        plot = next((p for p in order if p.dirty), None)
        if plot is None:
            self._timer.stop()
            return
        self._next = shown.index(plot) + 1
        plot.redraw()

    def draw_now(self) -> None:
        """All dirty plots at once: before the first paint and for pictures."""
        for plot in self.plots:
            if plot.isVisible() and plot.dirty:
                plot.redraw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._wake()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_places()

    def _show_places(self) -> None:
        count = next(n for width, n in PLACES if self.width() >= width)
        for i, plot in enumerate(self.plots):
            plot.setVisible(i < count)
            if i:
                self._lines[i - 1].setVisible(i < count)

    def _place_older(self) -> None:
        """In the lower left of the first plot, where a falling loss leaves room."""
        self.older.adjustSize()
        area = self.plots[0].chart.content.area
        self.older.move(round(area.left()) + 8, round(area.bottom()) - self.older.height() - 6)

    # --- choices

    def _choose(self, place: Plot, key: str) -> None:
        """Show that plot at this place; where it stands already, the two change places."""
        other = next((p for p in self.plots if p.key == key), None)
        if other is not None and other is not place:
            other.set_kind(place.key)
        place.set_kind(key)
        self._settings.set("plots/shown", tuple(plot.key for plot in self.plots))

    def _look_changed(self) -> None:
        self._settings.set("plots/smoothing", self._look.smoothing)
        self._settings.set("plots/in_epochs", self._look.in_epochs)
        for plot in self.plots:
            plot.resume_following()

    def _hovered(self, source: Plot, x: float | None) -> None:
        for plot in self.plots:
            if plot is not source and plot.isVisible():
                plot.read(x, card=False)

    # --- taking a plot away

    def _asked(self, plot: Plot, what: str) -> None:
        if what == "copy":
            picture = save.png_bytes(plot.chart, plot.kind.title, self._legend(plot))
            QGuiApplication.clipboard().setImage(QImage.fromData(picture))
            return
        name = f"{plot.kind.title.lower().replace(' ', '-')}.{what}"
        path, _ = QFileDialog.getSaveFileName(self, f"Save {plot.kind.title}", name, f"*.{what}")
        if path:
            self.save(plot, path if path.lower().endswith(f".{what}") else f"{path}.{what}", what)

    @staticmethod
    def _legend(plot: Plot) -> list[Line]:
        """The lines whose names go beside the title: none where they stand at the lines' ends."""
        return [] if plot.kind.names_at_ends else [shown.line for shown in plot.shown.lines]

    def save(self, plot: Plot, path: str, suffix: str) -> None:
        lines = plot.kind.lines(plot.run.history, plot.run.network)
        numbers = partial(save.csv_text, plot.run.history, lines, plot.run.scale)
        try:
            save.write(path, save.content(suffix, plot.chart, plot.kind.title, self._legend(plot), numbers))
        except OSError as err:
            text = f"{path}: {err}. Choose another folder."
            self._session.notice.emit(Notice("error", "The plot was not saved", text))
            return
        self._session.notice.emit(Notice("success", "Plot saved", path))
