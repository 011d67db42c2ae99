"""The one style sheet, made of `resources/styles/chainrule.qss` and the tokens of the theme.

Widgets say what they are by a dynamic property `role`; nothing else in the program sets a style sheet.

Text (QLabel): section, caption, body, small, muted, faint, title, heading, mono, mono_small, mono_large,
code, good, warn, bad.
Buttons: primary, ghost (no frame until hovered), quiet (small and faint), icon (square), danger, link, stage,
choice (of a segment).
Surfaces (QFrame, QWidget): panel, page, card, well, chip, badge, banner, popover, sheet, bar and foot (rows with
a hairline), segmented, drop, dropzone. Fields: mono, plain. Views: plain.
Further properties: `kind` of chip and banner ("info", "success", "warning", "error"), `invalid` of a field,
`selected` of a card.
"""

from __future__ import annotations

from string import Template
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app.theme import Theme, icon_file, load_fonts, mix
from core.resources import resource_path

W = TypeVar("W", bound=QWidget)


def set_role(widget: W, role: str, kind: str = "") -> W:
    """Give a widget its place in the style sheet; may be called again to change it."""
    widget.setProperty("role", role)
    if kind:
        widget.setProperty("kind", kind)
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
    restyle(widget)
    return widget


def restyle(widget: QWidget) -> None:
    """Look the rules up again after a dynamic property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def sheet(theme: Theme) -> str:
    source = resource_path("styles", "chainrule.qss").read_text(encoding="utf-8")
    return Template(source).substitute(_tokens(theme))


def _tokens(theme: Theme) -> dict[str, str]:
    colours = {name: value for name, value in vars(theme).items() if isinstance(value, QColor)}
    colours |= _derived(theme)
    images = {
        "chevron_down": icon_file("chevron-down", theme.muted),
        "chevron_down_off": icon_file("chevron-down", theme.faint),
        "chevron_up": icon_file("chevron-up", theme.muted),
        "chevron_right": icon_file("chevron-right", theme.muted),
        "check": icon_file("check", theme.on_accent),
    }
    veil = mix(theme.panel, theme.accent_bg, 0.7)
    sheet_colours = {name: value.name() for name, value in colours.items()}
    see_through = f"rgba({veil.red()}, {veil.green()}, {veil.blue()}, 238)"
    return {**sheet_colours, **images, "veil": see_through, "mono": load_fonts()[1]}


def _derived(theme: Theme) -> dict[str, QColor]:
    """Shades between tokens for the states of a control."""
    return {
        "hover": mix(theme.raised, theme.text, 0.04),
        "hover_bg": mix(theme.panel, theme.text, 0.05),
        "pressed": mix(theme.raised, theme.text, 0.09),
        "field": theme.bg if theme.dark else mix(theme.bg, theme.panel, 0.4),
        "segment": theme.raised,
        "segment_line": theme.line if theme.dark else mix(theme.line, theme.panel, 0.3),
        "good_line": mix(theme.line, theme.good, 0.5),
        "warn_line": mix(theme.line, theme.warn, 0.5),
        "bad_line": mix(theme.line, theme.bad, 0.5),
        "scroll": mix(theme.panel, theme.faint, 0.45),
        "accent_hover": mix(theme.accent, theme.text if theme.dark else QColor("#000000"), 0.12),
        "accent_pressed": mix(theme.accent, theme.bg if theme.dark else QColor("#000000"), 0.2),
        "accent_off": mix(theme.accent, theme.panel, 0.62),
        "on_accent_off": mix(theme.on_accent, theme.panel, 0.3),
        "warn_text": theme.warn if theme.dark else mix(theme.warn, theme.text, 0.35),
    }
