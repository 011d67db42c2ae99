"""Folders of the program: what it keeps for a person, and what it may make again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """Runs, checkpoints and logs. CHAINRULE_DATA overrides it."""
    return _made("CHAINRULE_DATA", platformdirs.user_data_path("Chainrule", appauthor=False))


def cache_folder() -> Path:
    """Prepared data, which can be made again. CHAINRULE_CACHE overrides it."""
    return _made("CHAINRULE_CACHE", platformdirs.user_cache_path("Chainrule", appauthor=False))


def _made(variable: str, usual: Path) -> Path:
    folder = Path(os.environ.get(variable) or usual)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
