"""Where axes carry numbers, and how those are written. No Qt."""

from __future__ import annotations

import math

Tick = tuple[float, str]


def linear(low: float, high: float, *, most: int, whole: bool = False) -> list[Tick]:
    """At most `most` ticks at multiples of 1, 2, 2.5 or 5 · 10^k between two values; `whole`: of whole numbers only."""
    span = high - low
    if not (math.isfinite(span) and span > 0) or most < 1:
        return []
    step = nice_step(span / most, whole=whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(i * step, written(i * step, step)) for i in range(first, last + 1)]


def nice_step(least: float, *, whole: bool = False) -> float:
    """The smallest of 1, 2, 2.5, 5 · 10^k that is at least this."""
    base = 10.0 ** math.floor(math.log10(least))
    steps = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
    found = next(m * base for m in steps if m * base >= least * (1 - 1e-9))
    return max(1.0, found) if whole else found


def nice_end(value: float) -> float:
    """A round number at or a little above: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 · 10^k."""
    if value <= 1:
        return 1.0
    base = 10.0 ** math.floor(math.log10(value))
    return next(m * base for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * base >= value * (1 - 1e-9))


def written(value: float, step: float) -> str:
    """A tick value with as many decimals as its neighbours need to differ."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or step < 1e-4:
        return power(value)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step, decimals) != round(step, decimals + 2):  # steps of 2.5
        decimals += 1
    return f"{value:,.{decimals}f}"


def power(value: float) -> str:
    mantissa, exponent = f"{value:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def logarithmic(low: float, high: float, *, most: int) -> list[Tick]:
    """Ticks between two powers of ten, given and returned as exponents: whole decades, or 1, 2, 5 where few fit."""
    if not (math.isfinite(high - low) and high > low) or most < 1:
        return []
    decades = high - low
    if decades < 0.7:
        return [(math.log10(v), text) for v, text in linear(10**low, 10**high, most=most) if v > 0]
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    whole = list(range(first, last + 1))
    if len(whole) < 3 and most >= 4:
        fine = [(math.log10(m * 10.0**e), power(m * 10.0**e)) for e in range(first - 1, last + 1) for m in (1, 2, 5)]
        return _thinned([tick for tick in fine if low <= tick[0] <= high], most)
    every = max(1, math.ceil(len(whole) / most))
    return [(float(e), power(10.0**e)) for e in whole if e % every == 0]


def _thinned(found: list[Tick], most: int) -> list[Tick]:
    """Without the 2s, then the 5s, where they would crowd."""
    for start in ("2", "5"):
        if len(found) <= most:
            break
        found = [tick for tick in found if not tick[1].startswith(start)]
    return found
