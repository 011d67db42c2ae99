"""Where rows can come from: files, bundled samples, generators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QMenu, QSizePolicy, QWidget

from app import theme
from app.data import paint
from app.data.header import as_tooltip
from app.data.thumbnails import Points
from app.notice import refusal
from app.settings import Settings
from core.data import formats
from core.data.drawing import MOST_POINTS, DrawnInfo, from_columns
from core.data.generators import GeneratorInfo, generate, generator
from core.data.samples import SampleInfo
from core.errors import UserInputError
from core.spec import DataSource

if TYPE_CHECKING:
    from app.session import Session

Info = SampleInfo | GeneratorInfo | DrawnInfo
FILES = f"Tables and images ({formats.PATTERNS});;All files (*)"


FOLDER_HELP = "Images in one folder for each class, or with a CSV file of labels. train/ and test/ are the split."


def choose_file(session: Session, parent: QWidget) -> None:
    """Ask for a file of rows, or several of images, and read it; the folder is remembered."""
    settings = Settings()
    paths, _ = QFileDialog.getOpenFileNames(parent, "Choose data", settings.get("files/folder"), FILES)
    if paths:
        settings.set("files/folder", str(Path(paths[0]).parent))
        session.open_paths(paths)


def choose_folder(session: Session, parent: QWidget) -> None:
    """Ask for a folder of images and read it."""
    settings = Settings()
    path = QFileDialog.getExistingDirectory(parent, "Choose a folder of images", settings.get("files/folder"))
    if path:
        settings.set("files/folder", str(Path(path).parent))
        session.open_paths([path])


def source_menu(session: Session, parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    folder = menu.addAction(theme.icon("open"), "A folder of images…")
    folder.setToolTip(as_tooltip(FOLDER_HELP))
    folder.triggered.connect(lambda: choose_folder(session, parent))
    groups: tuple[tuple[str, Sequence[Info]], ...] = (
        ("Real samples", session.samples()),
        ("Generated", session.generators()),
        ("By hand", session.drawings()),
    )
    for title, found in groups:
        menu.addSeparator()
        heading = menu.addAction(title)
        heading.setEnabled(False)
        for info in found:
            action = menu.addAction(info.label)
            action.setToolTip(as_tooltip(info.description))
            action.triggered.connect(use(session, info))
    return menu


def open_source_menu(session: Session, parent: QWidget, *, under: QWidget) -> None:
    menu = source_menu(session, parent)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(under.mapToGlobal(under.rect().bottomLeft()))


def use(session: Session, info: Info) -> Callable[..., None]:
    """What a click on a sample, a generator or a drawing does."""
    if isinstance(info, DrawnInfo):
        source = DataSource("drawn", info.name)
    elif isinstance(info, GeneratorInfo):
        source = DataSource("generator", info.name, rows=info.rows, noise=info.noise)
    else:
        source = DataSource("sample", info.name)
    return lambda *_: session.use_source(source)


def can_draw_on(source: DataSource) -> bool:
    """Whether its points are few enough, on a plane and in classes."""
    try:
        return source.kind == "generator" and source.rows <= MOST_POINTS and generator(source.name).task != "regression"
    except UserInputError:
        return False


def draw_on(session: Session) -> None:
    """The generated points become a drawing."""
    data = session.document.project.data
    if data is None or not can_draw_on(data.source):
        return
    old = data.source
    try:
        cells = generate(old.name, rows=old.rows, noise=old.noise, seed=old.seed, choices=old.choices)
        session.use_source(DataSource("drawn", "classes", points=from_columns(cells)))
    except UserInputError as err:
        session.notice.emit(refusal(err, key="data"))


class SourceCard(QAbstractButton):
    """A source to start from: a picture, its name, and a sentence."""

    def __init__(self, info: Info, points: Points | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title, text = info.label, info.description
        self._text, self._points = text, points
        # A generator draws as many rows as it is asked for.
        self._note = f"{info.rows:,} rows" if isinstance(info, SampleInfo) else ""
        self._icon = "pencil" if isinstance(info, DrawnInfo) else "table"
        self.setText(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setToolTip(as_tooltip(text))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(184, 68)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = self.hasFocus() or self.underMouse()
        painter.setPen(colours.accent if active else colours.line)
        painter.setBrush(colours.bg if self.isDown() else colours.raised)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        picture = QRectF(12, (self.height() - 44) / 2, 44, 44)
        self._paint_picture(painter, picture)
        words = QRectF(68, 10, self.width() - 80, 18)
        painter.setFont(paint.light_caption())
        painter.setPen(colours.muted)
        paint.draw_text(painter, words, self._note, right=True)
        _draw_two_lines(painter, QRectF(68, 29, self.width() - 80, 32), self._text)
        font = theme.font("body")
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(colours.text)
        paint.draw_text(painter, words.adjusted(0, 0, -60 if self._note else 0, 0), self.text())

    def _paint_picture(self, painter: QPainter, box: QRectF) -> None:
        colours = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.bg)
        painter.drawRoundedRect(box, 7, 7)
        if self._points is None:
            pixmap = theme.pixmap(self._icon, colours.accent if self._icon == "pencil" else colours.muted, 20)
            painter.drawPixmap(QPointF(box.center().x() - 10, box.center().y() - 10), pixmap)
            return
        for x, y, index in self._points:
            painter.setBrush(theme.class_color(index))
            at = QPointF(box.left() + 5 + x * (box.width() - 10), box.bottom() - 5 - y * (box.height() - 10))
            painter.drawEllipse(at, 1.3, 1.3)


def _draw_two_lines(painter: QPainter, box: QRectF, text: str) -> None:
    """Wrapped by words; what does not fit on the second line is cut there with an ellipsis."""
    metrics = QFontMetricsF(painter.font())
    words, first = text.split(), ""
    while words and metrics.horizontalAdvance(f"{first} {words[0]}") <= box.width():
        first = f"{first} {words.pop(0)}".strip()
    height = metrics.height()
    paint.draw_text(painter, QRectF(box.left(), box.top(), box.width(), height), first)
    paint.draw_text(painter, QRectF(box.left(), box.top() + height, box.width(), height), " ".join(words))
