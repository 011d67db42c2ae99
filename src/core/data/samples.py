"""Bundled data sets: real, small and well known, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import UserInputError
from core.resources import resource_path


@dataclass(frozen=True)
class SampleInfo:
    """name on the command line; label and description for people; task; where it comes from; rows; target column."""

    name: str
    label: str
    description: str
    task: str
    source: str
    rows: int
    target: str


_SAMPLES: dict[str, SampleInfo] = {
    info.name: info
    for info in (
        SampleInfo(
            "iris", "Iris", "Three species of iris, told apart by the size of petals and sepals.", "classification",
            "R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936. "
            "UCI Machine Learning Repository, CC BY 4.0.",
            150, "species",
        ),
        SampleInfo(
            "wine", "Wine", "Three growers of Italian wine, told apart by a chemical analysis.", "classification",
            "S. Aeberhard and M. Forina, Wine, 1992. UCI Machine Learning Repository, CC BY 4.0.",
            178, "cultivar",
        ),
        SampleInfo(
            "breast_cancer", "Breast cancer", "Benign or malignant, from the shape of cell nuclei.", "classification",
            "W. Wolberg, O. Mangasarian, N. Street and W. Street, Breast Cancer Wisconsin (Diagnostic), 1995. "
            "UCI Machine Learning Repository, CC BY 4.0.",
            569, "diagnosis",
        ),
        SampleInfo(
            "diabetes", "Diabetes", "Progression of diabetes after a year, from ten measurements.", "regression",
            "B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, Least Angle Regression, "
            "Annals of Statistics 32, 2004.",
            442, "progression",
        ),
        SampleInfo(
            "digits", "Handwritten digits", "Digits of 8 × 8 pixels, written by 43 people.", "classification",
            "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998. "
            "UCI Machine Learning Repository, CC BY 4.0.",
            1797, "digit",
        ),
    )
}  # fmt: skip


def samples() -> tuple[SampleInfo, ...]:
    return tuple(_SAMPLES.values())


def sample(name: str) -> SampleInfo:
    """Raises UserInputError for an unknown name."""
    if name not in _SAMPLES:
        raise UserInputError(f"There is no sample {name!r}.", remedy=f"Use one of: {', '.join(_SAMPLES)}.")
    return _SAMPLES[name]


def sample_path(name: str) -> Path:
    """The CSV file of a sample; raises UserInputError for an unknown name."""
    return resource_path("data", f"{sample(name).name}.csv")
