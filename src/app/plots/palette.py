"""Colours of curves: tokens of the theme and its series."""

from __future__ import annotations

from PySide6.QtGui import QColor

from app import theme


def colour(token: str) -> QColor:
    """ "positive", or "series:7": the series start again, a step towards the text, when there are more curves."""
    if not token.startswith("series:"):
        return theme.colour(token)
    tokens = theme.current()
    turn, i = divmod(int(token.removeprefix("series:")), len(tokens.series))
    return theme.mix(tokens.series[i], tokens.muted, min(0.6, 0.45 * turn))
