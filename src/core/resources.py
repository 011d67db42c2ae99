"""Where the files that ship with the program lie: fonts, icons, sample data, sample projects."""

import sys
from functools import cache
from pathlib import Path


@cache
def resource_root() -> Path:
    """The folder of shipped files: in a frozen program, an installed wheel or a source checkout."""
    here = Path(__file__).resolve()
    candidates = [here.parent / "_resources", here.parents[2] / "resources"]
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        candidates.insert(0, Path(frozen) / "resources")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"Chainrule's resources folder is in none of: {', '.join(map(str, candidates))}")


def resource_path(*parts: str) -> Path:
    """The path of one shipped file or folder, e.g. ``resource_path("icons", "play.svg")``.

    Raises:
        FileNotFoundError: nothing of that name is shipped: a defect of the program, never of its user.
    """
    path = resource_root().joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"no resource {'/'.join(parts)} in {resource_root()}")
    return path
