"""The data page's view of images: all of them by class, their size for the network, and how training varies them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.data import facts
from app.data.augmentation_card import AugmentationForm
from app.data.class_bars import ClassBars
from app.data.image_grid import ImageGrid, Section
from app.pictures import Pictures
from app.style import set_role
from app.widgets import Card, ElidedLabel, Segmented, label, wrapped
from core.data.schema import ImageFacts, Loading, Prepared, TableProfile

if TYPE_CHECKING:
    from app.session import Session

SIDE, CAPTION = 286, 58
SIDES = (16, 28, 32, 48, 64, 96, 128)
CHANNELS = (
    ("1", "Grey", "One value a pixel: enough where colour says nothing."),
    ("3", "Colour", "Red, green and blue: three values a pixel."),
)
SIZE_HELP = "Every image is resized to this before the network gets it. Larger shows more detail and takes longer."
PARTS = ("trains", "validates", "tests")


class ImageView(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.pictures = Pictures()
        self.grid = ImageGrid(self.pictures)
        self.classes = ClassBars()
        self.augmentation = AugmentationForm(session, self.pictures)
        self._parts = np.zeros(0, np.int8)
        self._sizes: list[tuple[int, int]] = []
        self._current = ElidedLabel(role="caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._build_grid(), 1)
        row.addWidget(self._build_side())
        self.grid.current_changed.connect(self._tell)
        self.classes.chosen.connect(self.grid.scroll_to_section)
        session.images_loading.connect(self._loading)
        # Pictures come many times a second while they load; the grid is drawn a few times.
        self._draw = QTimer(self, singleShot=True, interval=120)
        self._draw.timeout.connect(self.grid.viewport().update)

    # --- building

    def _build_grid(self) -> Card:
        card = Card(margin=1, spacing=0)
        card.body.addWidget(self.grid, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 6, 12, 8)
        foot.addWidget(self._current, 1)
        card.body.addLayout(foot)
        return card

    def _build_side(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFixedWidth(SIDE)
        body = set_role(QWidget(), "scrolled")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addWidget(self._build_size())
        self._class_card = Card(margin=12, spacing=6)
        self._class_card.body.addWidget(label("Classes", "title"))
        self._class_card.body.addWidget(self.classes)
        column.addWidget(self._class_card)
        varied = Card(margin=12)
        varied.body.addWidget(self.augmentation)
        column.addWidget(varied)
        column.addStretch(1)
        area.setWidget(body)
        return area

    def _build_size(self) -> Card:
        card = Card(margin=12, spacing=8)
        self.size_box, self.channels = QComboBox(), Segmented(CHANNELS)
        self.size_box.setAccessibleName("Size of the images")
        self.size_box.setToolTip(wrapped(SIZE_HELP))
        self.size_box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.size_box.activated.connect(self._size_chosen)
        self.channels.setAccessibleName("Colours")
        self.channels.chosen.connect(self._channels_chosen)
        self._found = label("", "caption", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, (text, widget) in enumerate((("Size", self.size_box), ("Colours", self.channels))):
            caption = label(text, "muted")
            caption.setBuddy(widget)
            caption.setFixedWidth(CAPTION)
            grid.addWidget(caption, line, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(widget, line, 1)
        card.body.addWidget(label("What the network gets", "title"))
        card.body.addLayout(grid)
        card.body.addWidget(self._found)
        return card

    # --- what is shown

    def show_images(self, profile: TableProfile, prepared: Prepared | None) -> None:
        images = profile.images
        assert images is not None
        if prepared is not None:
            self.pictures.use(prepared)
        self._parts = _parts_of(images, prepared)
        self.grid.set_shape(images.width, images.height)
        self.grid.show_images(_sections(profile, images), images.names, images.usable, _values(profile, images))
        self._class_card.setVisible(profile.task == "classification")
        if profile.task == "classification":
            self.classes.show_classes(images.classes, _counts(images))
        self._show_size(images)
        spec = self._session.document.project.data
        if spec is not None:
            self.augmentation.show_settings(spec.augmentation)
        self._tell(self.grid.current)

    def _show_size(self, images: ImageFacts) -> None:
        height, width, channels = images.guessed
        options = [(height, width), *((side, side) for side in SIDES if (side, side) != (height, width))]
        now = (images.height, images.width)
        with QSignalBlocker(self.size_box):
            self.size_box.clear()
            self._sizes = options if now in options else [*options, now]
            for down, across in self._sizes:
                text = f"{across} × {down}" + (" (suggested)" if (down, across) == (height, width) else "")
                self.size_box.addItem(text)
            self.size_box.setCurrentIndex(self._sizes.index(now))
        self.channels.set_value(str(images.channels))
        colours = "in colour" if channels == 3 else "in grey"
        self._found.setText(f"{_sizes(images)} · {colours}")

    def _loading(self, loading: Loading) -> None:
        self.pictures.load(loading)
        if not self._draw.isActive():
            self._draw.start()

    def _tell(self, row: int) -> None:
        """The name, the answer and the part of the image that is current."""
        profile = self._session.document.profile
        images = profile.images if profile is not None else None
        if profile is None or images is None or not 0 <= row < len(images.names):
            self._current.set_text("Click an image to read its name and what it is used for.")
            return
        parts = [facts.shown(images.names[row]), _answer(profile, images, row)]
        if not images.usable[row]:
            parts.append(next((r.reason for r in profile.rejected if r.text == images.names[row]), "cannot be read"))
        elif row < len(self._parts) and self._parts[row] >= 0:
            parts.append(PARTS[self._parts[row]])
        self._current.set_text(" · ".join(part for part in parts if part))

    # --- what is chosen

    def _size_chosen(self, index: int) -> None:
        height, width = self._sizes[index]
        profile = self._session.document.profile
        if profile is None or profile.images is None:
            return
        images = profile.images
        if (height, width) != (images.height, images.width):
            is_guess = (height, width) == images.guessed[:2]
            chosen = {"height": 0, "width": 0} if is_guess else {"height": height, "width": width}
            self._session.change_data(f"Images of {width} × {height}", **chosen)

    def _channels_chosen(self, value: str) -> None:
        profile = self._session.document.profile
        if profile is not None and profile.images is not None and int(value) != profile.images.channels:
            chosen = 0 if int(value) == profile.images.guessed[2] else int(value)
            self._session.change_data("Images in colour" if value == "3" else "Images in grey", channels=chosen)


def _sections(profile: TableProfile, images: ImageFacts) -> list[Section]:
    """One a class in their order, then what has no label; for numbers one, from the smallest to the largest."""
    rows = np.arange(len(images.names))
    if profile.task != "classification":
        order = np.argsort(images.labels, kind="stable")
        return [Section(facts.shown(profile.target), facts.count(len(rows), "image"), rows[order])]
    made = [
        Section(facts.shown(name), facts.count(len(found), "image"), found)
        for i, name in enumerate(images.classes)
        if len(found := np.flatnonzero(images.labels == i))
    ]
    unknown = np.flatnonzero(images.labels < 0)
    if len(unknown):
        made.append(Section("Without a label", f"{facts.count(len(unknown), 'image')}, left out", unknown))
    return made


def _values(profile: TableProfile, images: ImageFacts) -> list[str]:
    if profile.task == "classification":
        return []
    return [theme.number(value) if np.isfinite(value) else "–" for value in images.labels]


def _counts(images: ImageFacts) -> np.ndarray:
    known = images.labels[(images.labels >= 0) & images.usable]
    return np.bincount(known.astype(np.int64), minlength=len(images.classes))


def _answer(profile: TableProfile, images: ImageFacts, row: int) -> str:
    value = images.labels[row]
    if profile.task == "classification":
        return facts.shown(images.classes[int(value)]) if value >= 0 else "no label"
    return theme.number(value) if np.isfinite(value) else "no label"


def _sizes(images: ImageFacts) -> str:
    if not images.sizes:
        return ""
    width, height, _ = images.sizes[0]
    if images.sizes_count == 1:
        return f"Found: all {width} × {height}"
    return f"Found: {images.sizes_count:,} sizes, most often {width} × {height}"


def _parts_of(images: ImageFacts, prepared: Prepared | None) -> np.ndarray:
    """0 train, 1 validation, 2 test, -1 unknown: as the arrays have it, else as the source says."""
    if prepared is None or prepared.preparation.image is None:
        return images.part
    from core.data import store
    from core.errors import UserInputError

    try:
        arrays = store.load(prepared)
    except UserInputError:
        return images.part
    found = np.full(len(images.names), -1, np.int8)
    for number, part in enumerate((arrays.train, arrays.validation, arrays.test)):
        known = part.row_numbers[part.row_numbers < len(found)]
        found[known] = number
    return found
