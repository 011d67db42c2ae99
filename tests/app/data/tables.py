"""Tables as the window meets them, profiled well enough to be drawn; and a session that does what the panels ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from fakes import FakeSession

from core.data.drawing import Points
from core.data.generators import GeneratorInfo, generators
from core.data.samples import SampleInfo, samples
from core.data.schema import ColumnProfile, Finding, RejectedRow, TableProfile
from core.spec import DataSource, DataSpec

Cells = Mapping[str, list[str | None]]


def column(name: str, cells: list[str | None], kind: str = "") -> ColumnProfile:
    found = [c for c in cells if c is not None]
    values, n = sorted(set(found)), {c: found.count(c) for c in set(found)}
    by_count = tuple(sorted(n.items(), key=lambda item: (-item[1], item[0])))
    shared = {"missing": len(cells) - len(found), "distinct": len(values)}
    if not found:
        return ColumnProfile(name, "empty", "No values.", usable=False, missing=len(cells))
    try:
        x = np.array([float(c) for c in found])
    except ValueError:
        kind = kind or "category"
        few = by_count[:64]
        usable = kind == "category"
        return ColumnProfile(name, kind, usable=usable, categories=few, histogram=tuple(c for _, c in few), **shared)
    histogram = np.histogram(x, bins=12)[0] if kind != "category" else [c for _, c in by_count]
    return ColumnProfile(
        name, kind or "number", minimum=float(x.min()), maximum=float(x.max()), mean=float(x.mean()),
        standard_deviation=float(x.std()), histogram=tuple(int(c) for c in histogram),
        categories=by_count[:64] if kind == "category" else (), usable=kind != "identifier", **shared,
    )  # fmt: skip


def table(
    name: str, cells: Cells, target: str, task: str, *, kinds: Mapping[str, str] | None = None, **more: Any
) -> TableProfile:
    columns = tuple(column(n, values, (kinds or {}).get(n, "")) for n, values in cells.items())
    rows = len(next(iter(cells.values())))
    preview = tuple(tuple(values[i] for values in cells.values()) for i in range(min(rows, 100)))
    usual: dict[str, Any] = {"encoding": "utf-8", "delimiter": ",", "target_reason": "the last column has few values"}
    return TableProfile(name, rows, columns, target, task, preview=preview, **(usual | more))


def numbers(rng: np.random.Generator, rows: int, mean: float, spread: float, digits: int = 1) -> list[str | None]:
    return [f"{v:.{digits}f}" for v in rng.normal(mean, spread, rows)]


def spirals(rows: int = 400, noise: float = 0.1, seed: int = 7) -> TableProfile:
    rng = np.random.default_rng(seed)
    t = np.sqrt(rng.random(rows)) * 3 * np.pi
    arm = np.arange(rows) % 2
    x = np.stack([t * np.cos(t + np.pi * arm), t * np.sin(t + np.pi * arm)], 1) / 10 + rng.normal(0, noise, (rows, 2))
    cells = {"x": [f"{v:.4f}" for v in x[:, 0]], "y": [f"{v:.4f}" for v in x[:, 1]], "arm": ["AB"[a] for a in arm]}
    return table("Two spirals", cells, "arm", "classification", encoding="", delimiter="")


def penguins() -> TableProfile:
    rng = np.random.default_rng(3)
    species = rng.choice(["Adelie", "Gentoo", "Chinstrap"], 344, p=[0.44, 0.36, 0.20]).tolist()
    cells: dict[str, list[str | None]] = {
        "species": species,
        "island": rng.choice(["Torgersen", "Biscoe", "Dream"], 344).tolist(),
        "bill_length_mm": numbers(rng, 344, 44, 5),
        "bill_depth_mm": numbers(rng, 344, 17, 2),
        "flipper_length_mm": numbers(rng, 344, 200, 14, 0),
        "body_mass_g": numbers(rng, 344, 4200, 800, 0),
        "sex": rng.choice(["male", "female"], 344).tolist(),
        "year": [str(2007 + i // 115) for i in range(344)],
    }
    for name in ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"):
        cells[name][3] = None
    for i in range(20, 30):
        cells["sex"][i] = None
    findings = (
        Finding(
            "warning",
            "year looks like an identifier of the survey, not of the bird.",
            "year",
            "exclude",
            "Leave it out",
        ),
        Finding("info", "sex misses 11 values: they are filled with the most frequent one.", "sex"),
    )
    return table("penguins.csv", cells, "species", "classification", kinds={"year": "identifier"}, findings=findings)


def digits() -> TableProfile:
    rng = np.random.default_rng(5)
    cells: dict[str, list[str | None]] = {
        f"pixel_{i // 8}_{i % 8}": [str(v) for v in np.clip(rng.normal(i % 8, 4, 200), 0, 16).astype(int)]
        for i in range(64)
    }
    cells["digit"] = [str(v) for v in rng.integers(0, 10, 200)]
    return table("Handwritten digits", cells, "digit", "classification", kinds={"digit": "category"})


def diabetes() -> TableProfile:
    rng = np.random.default_rng(9)
    cells = {n: numbers(rng, 442, 0, 0.05, 4) for n in ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")}
    cells["progression"] = numbers(rng, 442, 152, 77, 0)
    return table("Diabetes", cells, "progression", "regression", source_note="Efron et al., 2004")


def ugly() -> TableProfile:
    cells: dict[str, list[str | None]] = {
        "<b>bold</b><img src=x>": ["<i>1</i>", "=cmd()", "&amp;"] * 10,
        "שם הלקוח": ["אבג", "דהו", None] * 10,
        "a name that goes on and on and does not know when to stop, really not": ["1.5", "1e30", "-7"] * 10,
        "line\nbreak": ["x\ny", "z", "w" * 5000] * 10,
        "": ["1", "1", "1"] * 10,
        "nothing": [None] * 30,
        "A & B": ["yes", "no", "no"] * 10,
    }
    findings = (
        Finding(
            "error",
            "<b>bold</b> has one class: nothing to tell apart.",
            "<b>bold</b><img src=x>",
            "exclude",
            "Leave it out",
        ),
        Finding("warning", "line break holds free text.", "line\nbreak", "exclude", "Leave it out"),
        Finding("warning", "A & B reads as yes and no.", "A & B", "category", "Read as category"),
        Finding("info", "2 columns shared a name and were renamed."),
        Finding("info", "The file is Latin-1, not UTF-8."),
    )
    rejected = (
        RejectedRow(17, "expected 7 cells, found 9", "1,2,3,<b>4</b>,5,6,7,8,9"),
        RejectedRow(21, "quote never closed", '"abc'),
    )
    kinds = {"line\nbreak": "text", "": "constant", "A & B": "category"}
    return table("<h1>ugly</h1>.csv", cells, "A & B", "classification", kinds=kinds, findings=findings,
                 rejected=rejected,
                 rejected_count=12, encoding="latin-1", delimiter=";")  # fmt: skip


def wide() -> TableProfile:
    rng = np.random.default_rng(2)
    cells = {f"gene_{i:03d}": numbers(rng, 60, i, 3, 3) for i in range(299)}
    cells["tissue"] = rng.choice(["liver", "lung", "skin"], 60).tolist()
    return table("genes.tsv", cells, "tissue", "classification", delimiter="\t")


TABLES: dict[str, Callable[[], TableProfile]] = {
    "spirals": spirals, "penguins": penguins, "digits": digits, "diabetes": diabetes, "ugly": ugly, "wide": wide
}  # fmt: skip


class DataSession(FakeSession):
    """Changes the document as the real one does, and answers at once."""

    def load(self, profile: TableProfile, source: DataSource | None = None) -> None:
        spec = DataSpec(source or DataSource("file", path=f"/data/{profile.name}"))
        self.document.apply(lambda p: replace(p, data=spec), "Open data")
        self.document.set_profile(profile)

    def change_data(self, text: str, **changes: Any) -> None:
        self.calls.append(("change_data", text, changes))
        self.document.apply(lambda p: replace(p, data=replace(p.data, **changes)), text)
        profile = self.document.profile
        assert profile is not None
        if changes.get("target"):
            self.document.set_profile(replace(profile, target=changes["target"]))

    def change_source(self, **changes: Any) -> None:
        self.calls.append(("change_source", changes))
        data = self.document.project.data
        assert data is not None
        source = replace(data.source, **changes)
        self.document.apply(lambda p: replace(p, data=replace(data, source=source)), "Change the generated data")
        self.document.set_profile(spirals(source.rows, source.noise, source.seed))

    def use_source(self, source: DataSource) -> None:
        self.calls.append(("use_source", source))
        self.load(spirals() if source.kind == "generator" else penguins(), source)

    def draw(self, text: str, points: Points) -> None:
        """The project's drawing alone: nothing is read."""
        self.calls.append(("draw", text))
        data = self.document.project.data
        assert data is not None
        drawn = replace(data, source=replace(data.source, points=points))
        self.document.apply(lambda p: replace(p, data=drawn), text)

    def samples(self) -> tuple[SampleInfo, ...]:  # type: ignore[override]
        return samples()

    def generators(self) -> tuple[GeneratorInfo, ...]:  # type: ignore[override]
        return generators()
