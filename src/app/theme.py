"""Colours, fonts and icons: the tokens of the look, light and dark, in one place.

Widgets ask `current()` when they paint and repaint on `signals.changed`; they never keep a colour.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from numbers import Integral
from typing import Any

import numpy as np
from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QStyle, QWidget

from core.paths import cache_folder
from core.resources import resource_path, resource_root

MODES = ("system", "light", "dark")


@dataclass(frozen=True)
class Theme:
    """The colour tokens. Three levels of text and no more; blue and orange mean sign, never good and bad."""

    dark: bool
    bg: QColor
    panel: QColor
    raised: QColor
    canvas: QColor
    dot: QColor
    line: QColor
    text: QColor
    muted: QColor
    faint: QColor
    accent: QColor
    accent_bg: QColor
    on_accent: QColor
    positive: QColor
    negative: QColor
    good: QColor
    warn: QColor
    warn_bg: QColor
    bad: QColor
    bad_bg: QColor
    good_bg: QColor
    series: tuple[QColor, ...]


def _theme(*, dark: bool, series: str, **tokens: str) -> Theme:
    colours = tuple(QColor(c) for c in series.split())
    return Theme(dark=dark, series=colours, **{name: QColor(value) for name, value in tokens.items()})


LIGHT = _theme(
    dark=False,
    bg="#F4F5F7", panel="#FFFFFF", raised="#FFFFFF", canvas="#FAFBFC", dot="#DDE1E7", line="#E2E5EA",
    text="#1A1D23", muted="#667085", faint="#98A1B0",
    accent="#3B5BDB", accent_bg="#EDF1FF", on_accent="#FFFFFF", positive="#2F6FDE", negative="#E8772E",
    good="#2B8A3E", good_bg="#EBF7EE", warn="#B7791F", warn_bg="#FFF6E0", bad="#C92A4B", bad_bg="#FDECF0",
    series="#3B5BDB #0B9C8E #C77D0A #C2255C #7048E8 #5C940D",
)  # fmt: skip
DARK = _theme(
    dark=True,
    bg="#121418", panel="#1A1D23", raised="#22262E", canvas="#15181D", dot="#262B33", line="#2B3039",
    text="#E8EBF0", muted="#98A2B3", faint="#667085",
    accent="#8DA2FF", accent_bg="#252C47", on_accent="#12141F", positive="#5B93F5", negative="#F0934E",
    good="#5CC47A", good_bg="#1B2E22", warn="#E5B454", warn_bg="#33290F", bad="#F2708D", bad_bg="#3A1B24",
    series="#8DA2FF #3CC4B6 #E5A63C #F06595 #A78BFA #94C748",
)  # fmt: skip


class _Signals(QObject):
    changed = Signal(object)  # Theme


signals = _Signals()


@dataclass
class _State:
    mode: str = "system"
    theme: Theme = LIGHT


_state = _State()


def current() -> Theme:
    return _state.theme


def mode() -> str:
    """ "system", "light" or "dark": what was asked for, not what the system makes of it."""
    return _state.mode


def install(app: QApplication, mode: str = "system") -> None:
    """Give the application its fonts, palette and style sheet, and follow the system from now on."""
    app.setStyle("Fusion")  # the one style that draws the same everywhere and honours every rule of the sheet
    load_fonts()
    app.setFont(font("body"))
    app.styleHints().colorSchemeChanged.connect(_system_changed)
    _state.mode = mode
    _apply(force=True)


def set_mode(mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f"unknown theme mode {mode!r}")
    _state.mode = mode
    _apply(force=False)


def _system_changed(_scheme: Qt.ColorScheme) -> None:
    if _state.mode == "system":
        _apply(force=False)


def _wanted() -> Theme:
    if _state.mode == "system":
        hints = QGuiApplication.styleHints()
        return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT
    return DARK if _state.mode == "dark" else LIGHT


def _apply(*, force: bool) -> None:
    from app import style  # the sheet reads tokens and icons from here

    app = QApplication.instance()
    theme = _wanted()
    if not isinstance(app, QApplication) or (theme is _state.theme and not force):
        return
    _state.theme = theme
    app.setPalette(palette(theme))
    # Replacing a sheet takes five times as long as taking it off and putting one on: 0.40 s against 0.08 s for 900
    # widgets. Nothing is painted in between.
    app.setStyleSheet("")
    app.setStyleSheet(style.sheet(theme))
    for widget in app.allWidgets():
        if widget.property("iconName"):
            _draw_icon(widget)
    signals.changed.emit(theme)


def palette(theme: Theme) -> QPalette:
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    made = QPalette()
    for where, colour in (
        (role.Window, theme.bg), (role.Base, theme.raised), (role.AlternateBase, theme.bg),
        (role.Button, theme.raised), (role.ToolTipBase, theme.raised), (role.Mid, theme.line),
        (role.Dark, theme.line), (role.Light, theme.raised), (role.Midlight, theme.line),
        (role.WindowText, theme.text), (role.Text, theme.text), (role.ButtonText, theme.text),
        (role.ToolTipText, theme.text), (role.BrightText, theme.bad), (role.PlaceholderText, theme.faint),
        (role.Highlight, theme.accent), (role.HighlightedText, theme.on_accent), (role.Accent, theme.accent),
        (role.Link, theme.accent), (role.LinkVisited, theme.accent),
    ):  # fmt: skip
        made.setColor(where, colour)
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group.Disabled, where, theme.faint)
    return made


# --- fonts

_SIZES = {
    "body": (13, QFont.Weight.Normal), "body_medium": (13, QFont.Weight.Medium),
    "small": (12, QFont.Weight.Normal),
    "caption": (11, QFont.Weight.DemiBold), "title": (14, QFont.Weight.DemiBold),
    "heading": (20, QFont.Weight.DemiBold), "mono": (12, QFont.Weight.Normal),
    "mono_small": (11, QFont.Weight.Normal), "mono_large": (16, QFont.Weight.Medium),
}  # fmt: skip


@cache
def load_fonts() -> tuple[str, str]:
    """The families for words and for numbers: the shipped ones, or the system's where those do not load."""
    found: set[str] = set()
    folder = resource_root() / "fonts"
    for path in sorted(folder.glob("*.ttf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            found.update(QFontDatabase.applicationFontFamilies(number))
    system = QFontDatabase.SystemFont
    words = "Inter" if "Inter" in found else QFontDatabase.systemFont(system.GeneralFont).family()
    numbers = "JetBrains Mono" if "JetBrains Mono" in found else QFontDatabase.systemFont(system.FixedFont).family()
    return words, numbers


def font(kind: str = "body") -> QFont:
    """body, body_medium, small, caption, title, heading, mono, mono_small or mono_large."""
    words, numbers = load_fonts()
    size, weight = _SIZES[kind]
    mono = kind.startswith("mono")
    made = QFont(numbers if mono else words)
    made.setPixelSize(size)
    made.setWeight(weight)
    if mono:
        made.setStyleHint(QFont.StyleHint.Monospace)
        # Ligatures would turn "->" in a formula into one sign.
        made.setFeature(QFont.Tag("calt"), 0)
    else:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


# --- icons


@cache
def _svg(name: str) -> bytes:
    try:
        return resource_path("icons", f"{name}.svg").read_bytes()
    except OSError:
        return b""


def pixel_ratio() -> float:
    """Device pixels per pixel on the sharpest screen."""
    app = QGuiApplication.instance()
    return max(1.0, app.devicePixelRatio()) if isinstance(app, QGuiApplication) else 1.0


def pixmap(name: str, color: QColor, size: int) -> QPixmap:
    """The icon in one colour at the sharpest scale of any screen; empty where there is no such icon."""
    ratio = pixel_ratio()
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.fill(Qt.GlobalColor.transparent)
    source = _svg(name)
    if source:
        painter = QPainter(made)
        QSvgRenderer(QByteArray(source)).render(painter, QRectF(made.rect()))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(made.rect(), color)
        painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, color: str | QColor | None = None, size: int = 16) -> QIcon:
    """An icon tinted with a token ("muted", "accent", ...) or a colour; default the colour of text."""
    return _icon(name, colour(color or "text").name(), current().faint.name(), size)


@lru_cache(maxsize=512)
def _icon(name: str, normal: str, disabled: str, size: int) -> QIcon:
    made = QIcon()
    made.addPixmap(pixmap(name, QColor(normal), size), QIcon.Mode.Normal)
    made.addPixmap(pixmap(name, QColor(disabled), size), QIcon.Mode.Disabled)
    return made


def colour(token: str | QColor) -> QColor:
    """The colour of a token of the current theme, or of a "#rrggbb" text."""
    if isinstance(token, QColor):
        return token
    return QColor(token) if token.startswith("#") else getattr(current(), token)


def set_icon(widget: QAbstractButton | QLabel, name: str, color: str | None = None, size: int = 16) -> None:
    """Show an icon that is drawn anew whenever the theme changes."""
    widget.setProperty("iconName", name)
    widget.setProperty("iconColor", color or "text")
    widget.setProperty("iconPixels", size)
    _draw_icon(widget)


def _draw_icon(widget: QWidget) -> None:
    name, token, size = (widget.property(key) for key in ("iconName", "iconColor", "iconPixels"))
    if isinstance(widget, QLabel):
        widget.setPixmap(pixmap(name, colour(token), size))
    elif isinstance(widget, QAbstractButton):
        widget.setIcon(icon(name, token, size))
        widget.setIconSize(QSize(size, size))


def icon_file(name: str, color: QColor) -> str:
    """Path of a tinted copy of an icon, for the style sheet, which can only name files."""
    # At the size of an arrow in a field, the family's stroke of 1.5 would vanish.
    source = _svg(name).replace(b"#000", color.name().encode()).replace(b'width="1.5"', b'width="2.2"')
    try:
        folder = cache_folder() / "icons"
        path = folder / f"{name}-{hashlib.sha256(source).hexdigest()[:12]}.svg"
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source)
    except OSError:
        return ""
    return path.as_posix()


# --- values as colour and as text


def mix(a: QColor, b: QColor, share: float) -> QColor:
    """`a` with a share 0..1 of `b`."""
    t = min(1.0, max(0.0, share))
    pairs = ((a.redF(), b.redF()), (a.greenF(), b.greenF()), (a.blueF(), b.blueF()))
    return QColor.fromRgbF(*(x + (y - x) * t for x, y in pairs))


def class_color(index: int) -> QColor:
    """Blue, orange, green, then the series: the same class has the same colour wherever it is shown."""
    now = current()
    first = (now.positive, now.negative, now.good)
    order = first + tuple(now.series[i] for i in (4, 3, 1, 2, 5))
    return order[index % len(order)]


def signed_color(value: float) -> QColor:
    """-1 negative, 0 panel, +1 positive; beyond is clamped and NaN is the colour of the panel."""
    theme = current()
    if math.isnan(value):
        return QColor(theme.panel)
    return mix(theme.panel, theme.positive if value >= 0 else theme.negative, abs(value))


def signed_lut() -> np.ndarray:
    """(256, 3) uint8: negative → panel → positive, symmetric about zero."""
    theme = current()
    ends = [np.array([c.red(), c.green(), c.blue()], float) for c in (theme.negative, theme.panel, theme.positive)]
    t = np.linspace(-1.0, 1.0, 256)[:, None]
    table = ends[1] + np.abs(t) * (np.where(t < 0, ends[0], ends[2]) - ends[1])
    return np.rint(table).astype(np.uint8)


def number(x: Any) -> str:
    """Four significant digits, thousands separated, "1.5e-4" below a thousandth; "—" where there is none."""
    if x is None:
        return "—"
    if isinstance(x, Integral):
        return f"{int(x):,}"
    value = float(x)
    if not math.isfinite(value):
        return "—" if math.isnan(value) else "∞" if value > 0 else "-∞"
    size = abs(float(f"{value:.4g}"))
    if size and not 1e-3 <= size < 1e7:
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    digits = 3 - math.floor(math.log10(size)) if size else 0
    return _trimmed(f"{value:,.{max(0, digits)}f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def animates() -> bool:
    """False where the system asks for less motion."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return False
    return app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
