"""What an export gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """Proof that the file answers as the network does.

    reference: what reloaded the file, e.g. "onnxruntime 1.32.0" or "Chainrule reference evaluator"; rows: held-out
    rows compared; max_abs_difference: largest difference of any probability or predicted value (regression: in units
    of the target's standard deviation); passed: whether it is at most `tolerance`.
    """

    reference: str
    rows: int
    max_abs_difference: float
    tolerance: float = 1e-5
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.max_abs_difference <= self.tolerance


@dataclass(frozen=True)
class ExportResult:
    """path: the file or folder written; files: all of them; bytes: their total size."""

    format: str
    path: str
    files: tuple[str, ...]
    bytes: int
    receipt: Receipt
