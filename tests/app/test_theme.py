"""Tokens, contrast, numbers as text, icons, and the switch between light and dark."""

import math

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton

from app import style, theme


@pytest.fixture(autouse=True)
def themed(qapp):
    theme.install(qapp, "light")
    yield
    theme.set_mode("light")


def luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: QColor, b: QColor) -> float:
    """WCAG 2.2 contrast ratio."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_and_graphics_stand_out(tokens):
    for surface in (tokens.panel, tokens.raised, tokens.bg):
        assert contrast(tokens.text, surface) >= 4.5
        assert contrast(tokens.muted, surface) >= 4.4
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.accent, tokens.panel) >= 4.5
    graphics = (tokens.good, tokens.warn, tokens.bad, tokens.positive, *tokens.series)
    assert min(contrast(c, tokens.panel) for c in graphics) >= 3.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.0, "0"),
        (1234567, "1,234,567"), (0.01, "0.01"), (1e-4, "1e-4"), (0.00012345, "1.234e-4"),
        (98.765, "98.77"), (12345.678, "12,346"), (3.1e-8, "3.1e-8"), (-0.5, "-0.5"), (1e9, "1e9"),
        (None, "—"),
        (math.nan, "—"), (math.inf, "∞"), (np.int64(4096), "4,096"), (np.float32(0.25), "0.25"),
        (0.99999, "1"),
        (999.96, "1,000"), (0.00099999, "0.001"),
    ],
)  # fmt: skip
def test_numbers_read_the_same_everywhere(value, text):
    assert theme.number(value) == text


def test_signed_colours_are_symmetric_about_the_panel():
    table = theme.signed_lut()
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    now = theme.current()
    assert tuple(table[0]) == now.negative.getRgb()[:3]
    assert tuple(table[-1]) == now.positive.getRgb()[:3]
    assert theme.signed_color(0.0).name() == now.panel.name()
    assert theme.signed_color(7.0).name() == now.positive.name()
    assert theme.signed_color(math.nan).name() == now.panel.name()


def test_the_sheet_uses_only_known_tokens():
    for tokens in (theme.LIGHT, theme.DARK):
        made = style.sheet(tokens)
        assert "$" not in made
        assert tokens.accent.name() in made


def test_switching_tells_everyone_and_tints_icons_anew(qtbot):
    made = QPushButton()
    qtbot.addWidget(made)
    theme.set_icon(made, "play")
    light = made.icon().pixmap(16).toImage().pixelColor(8, 8)
    with qtbot.waitSignal(theme.signals.changed) as caught:
        theme.set_mode("dark")
    assert caught.args == [theme.DARK]
    dark = made.icon().pixmap(16).toImage().pixelColor(8, 8)
    assert light.name() == theme.LIGHT.text.name()
    assert dark.name() == theme.DARK.text.name()


def test_a_missing_icon_is_empty_and_harms_nothing(qapp):
    assert theme.icon("no-such-icon").pixmap(16).toImage().pixelColor(8, 8).alpha() == 0


def test_the_shipped_fonts_serve(qapp):
    assert theme.load_fonts() == ("Inter", "JetBrains Mono")
    assert theme.font("mono").pixelSize() == 12


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="sepia"):
        theme.set_mode("sepia")
