"""Tables of step times in Markdown, and their place in docs/benchmarks.md."""

from __future__ import annotations

import math
import platform
from pathlib import Path
from typing import Any

from peers.workloads import WORKLOADS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- step times: begin -->", "<!-- step times: end -->"
EAGER = ("pytorch", "pytorch_channels_last")  # the faster of these is what the aims are set against


def markdown(results: dict[str, Any], names: dict[str, str], *, cores: int) -> str:
    return "\n\n".join([_machine(results, names, cores), _aims(results), _details(results, names)])


def write(text: str) -> None:
    """Between the two marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _machine(results: dict[str, Any], names: dict[str, str], cores: int) -> str:
    versions: dict[str, str] = {}
    absent: dict[str, str] = {}
    for found in results.values():
        for key, result in found.items():
            if result.ready.version:
                versions[names[key].partition(",")[0]] = result.ready.version
            elif "not installed" in result.ready.why:
                absent[names[key].partition(",")[0]] = result.ready.why
    versions["NumPy"] = versions.pop(names["floor"])
    versions.pop("Chainrule", None)
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    system = f"{platform.system()} on {platform.machine()}, Python {platform.python_version()}"
    lines = [f"{cores} cores and as many threads for everyone, {system}; {listed}."]
    lines += [f"{name}: {why}." for name, why in sorted(absent.items())]
    every = [result for found in results.values() for result in found.values()]
    disturbed, blocks = sum(result.disturbed for result in every), sum(len(result.seconds) for result in every)
    lines.append(f"While {disturbed} of the {blocks:,} blocks were timed, something else was using the processors.")
    return "\n".join(lines)


def _aims(results: dict[str, Any]) -> str:
    lines = [
        "| one training step | floor, µs | ours on NumPy, µs | times the floor | PyTorch, µs | PyTorch / ours | aim "
        "| mlx.nn / ours on MLX, aim 1.0 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for workload, found in results.items():
        of = WORKLOADS[workload]
        floor, ours = _median(found, "floor"), _median(found, "numpy")
        peer = min((m for m in (_median(found, key) for key in EAGER) if not math.isnan(m)), default=math.nan)
        aim = "" if of.bar is None else f"{of.bar:.1f} {_reached(peer / ours, of.bar)}"
        mlx = _median(found, "mlx_nn") / _median(found, "mlx")
        both = "" if math.isnan(mlx) else f"{mlx:.2f} {_reached(mlx, 1.0)}"
        cells = [of.name, _us(floor), _us(ours), _ratio(ours / floor), _us(peer), _ratio(peer / ours), aim, both]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _details(results: dict[str, Any], names: dict[str, str]) -> str:
    """Every peer: median, fastest and slowest round, its time over ours on NumPy, its distance to the floor."""
    blocks = []
    for workload, found in results.items():
        of = WORKLOADS[workload]
        lines = [
            f"{of.name} ({of.parameters:,} parameters)",
            "",
            "| | median, µs | fastest to slowest round | theirs / ours | times the floor |",
            "|---|--:|--:|--:|--:|",
        ]
        floor, ours = _median(found, "floor"), _median(found, "numpy")
        for key, result in found.items():
            if result.ready.why == "-":
                continue
            if not result.seconds:
                lines.append(f"| {names[key]} | {result.ready.why} | | | |")
                continue
            spread = f"{_us(min(result.seconds))} to {_us(max(result.seconds))}"
            ratio = "" if key in ("numpy", "floor") else _ratio(result.median / ours)
            over = "" if key == "floor" else _ratio(result.median / floor)
            lines.append(f"| {names[key]} | {_us(result.median)} | {spread} | {ratio} | {over} |")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _median(found: dict[str, Any], key: str) -> float:
    return found[key].median if key in found and found[key].seconds else math.nan


def _us(seconds: float) -> str:
    """Three significant figures in µs."""
    if math.isnan(seconds):
        return ""
    us = seconds * 1e6
    return f"{us:.1f}" if us < 100 else f"{us:,.0f}"


def _ratio(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _reached(ratio: float, aim: float) -> str:
    if math.isnan(ratio):
        return "not compared"
    return "reached" if ratio >= aim else "not reached"
