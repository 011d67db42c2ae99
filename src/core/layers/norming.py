"""What the layers that normalize share."""

from __future__ import annotations

from typing import Any

from core.values import hyper


def epsilon_hyper() -> Any:
    """The field ε of a layer that divides by √(σ² + ε)."""
    return hyper(
        1e-5,
        "Epsilon",
        "Added to the variance, so that values that are all the same are not divided by zero.",
        minimum=1e-8,
        maximum=1.0,
        suggestions=(1e-5, 1e-3),
    )
