"""What is read, for people and file dialogs: in words, and by the ends of names. Loads none of the readers."""

from __future__ import annotations

from core.data.images.names import SUFFIXES as IMAGES

NAMES = "CSV, Excel, OpenDocument, Parquet, JSON, ARFF, SQLite, NumPy, MATLAB or IDX, also packed"
SUFFIXES: tuple[str, ...] = (
    ".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".xlsx", ".xlsm", ".xls", ".xlt", ".ods", ".parquet", ".json",
    ".jsonl", ".ndjson", ".geojson", ".arff", ".sqlite", ".sqlite3", ".db", ".npy", ".npz", ".mat", ".idx", "-ubyte",
    ".gz", ".zst", ".bz2", ".zip",
)  # fmt: skip
PATTERNS = " ".join(f"*{suffix}" for suffix in (*SUFFIXES, *IMAGES))
