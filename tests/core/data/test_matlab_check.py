"""MATLAB files that contradict themselves are refused before SciPy reads them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from core.budget import DEFAULT
from core.data.readers.matlab_check import check
from core.errors import UserInputError

io = pytest.importorskip("scipy.io")


@pytest.fixture(params=[False, True], ids=["plain", "packed"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "t.mat"
    arrays = {
        "x": np.arange(6.0).reshape(2, 3), "whole": np.arange(300, dtype=np.int16), "name": "text", "one": 7.0,
        "few": np.array([1, 2], np.uint8), "complex": np.arange(3) * 1j,
    }  # fmt: skip
    io.savemat(path, arrays, do_compression=request.param)
    return path


def test_honest_arrays_pass(saved: Path) -> None:
    check(saved, DEFAULT)


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (136, 7),  # kind of the flags
        (152, 4),  # kind of the sizes
        (160, 0x7FFFFFFF),  # rows
        (160, 0xFFFFFFFF),
        (176, 14),  # kind of the values
        (180, 64),  # their length
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, at: int, number: int) -> None:
    path = tmp_path / "t.mat"
    io.savemat(path, {"x": np.arange(6.0).reshape(2, 3)})
    data = bytearray(path.read_bytes())
    assert struct.unpack("<L", data[176:180]) == (9,)  # doubles
    data[at : at + 4] = struct.pack("<L", number)
    path.write_bytes(data)
    with pytest.raises(UserInputError, match="MATLAB"):
        check(path, DEFAULT)
