"""`chainrule inspect`: what is in a data file, as plain data and in words."""

from __future__ import annotations

import argparse
from typing import Any

from core.commands.data import target_given
from core.commands.sources import as_told, source_of
from core.console import quiet
from core.data.dates import written
from core.data.schema import ImageFacts, TableProfile
from core.spec import DataSpec


def inspect(options: argparse.Namespace) -> tuple[Any, str]:
    """Columns, kinds, guesses and findings of a data file."""
    from core.data import load

    source = as_told(source_of(options.data), options)
    spec = DataSpec.from_json({**DataSpec(source).to_json(), **target_given(options, DataSpec(source))})
    profile = load.inspect(spec, progress=quiet)
    return profile_json(profile), _profile_words(profile)


def profile_json(profile: TableProfile) -> dict[str, Any]:
    """A profile as plain data, without its preview."""
    columns = [
        {k: v for k, v in vars(c).items() if k not in ("histogram", "categories")}
        | {"categories": [list(pair) for pair in c.categories[:20]]}
        for c in profile.columns
    ]
    plain = (
        "name", "rows", "target", "task", "target_reason", "format", "part", "parts", "encoding", "delimiter", "header",
        "decimal_comma", "sha256", "targets", "separator",
    )  # fmt: skip
    return {
        **{name: getattr(profile, name) for name in plain},
        "columns": columns,
        **({} if profile.images is None else {"images": _images_json(profile.images)}),
        **({} if profile.together is None else {"together": vars(profile.together)}),
        "findings": [vars(finding) for finding in profile.findings],
        "rejected": {"count": profile.rejected_count, "rows": [vars(row) for row in profile.rejected]},
    }


def _images_json(images: ImageFacts) -> dict[str, Any]:
    sizes = [{"width": width, "height": height, "images": n} for width, height, n in images.sizes]
    plain = {name: getattr(images, name) for name in ("kind", "height", "width", "channels")}
    parts = {part: int((images.part == i).sum()) for i, part in enumerate(("train", "validation", "test"))}
    return {**plain, "sizes": sizes, "split": parts if any(parts.values()) else None, "labels": list(images.targets)}


def _profile_words(profile: TableProfile) -> str:
    lines = [f"{profile.name}: {profile.rows:,} rows, {len(profile.columns)} columns"]
    if (images := profile.images) is not None:
        colours = "grey" if images.channels == 1 else "RGB"
        lines = [f"{profile.name}: {profile.rows:,} images, as {images.width} × {images.height} pixels in {colours}"]
    if profile.together is not None:
        lines.append(f"{profile.together.text} --together says otherwise.")
    if profile.parts:
        listed = ", ".join(f"“{part}”" for part in profile.parts[:12]) + (" …" if len(profile.parts) > 12 else "")
        lines.append(f"Read “{profile.part}”; --part chooses among {listed}.")
    for c in profile.columns:
        role = "  ← target" if c.name in (profile.target, *profile.targets) else ""
        gaps = f", {c.missing:,} missing" if c.missing else ""
        span = ""
        if c.minimum is not None and c.maximum is not None:
            told = written if c.kind == "date" else "{:g}".format
            span = f", {told(c.minimum)} to {told(c.maximum)}"
        lines.append(f"  {c.name}: {c.kind}, {c.distinct:,} distinct{span}{gaps}{role}")
    lines.append(f"Target: {profile.target} ({profile.task}). {profile.target_reason}")
    lines += [f"{finding.severity}: {finding.text}" for finding in profile.findings]
    return "\n".join(lines)
