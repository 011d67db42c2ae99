"""JSON read with suspicion: each refusal for its own reason."""

import pytest

from core.errors import UserInputError
from core.project import strict_json


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": 1, "b": {"a": 1, "a": 2}}', "'a' stands twice"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b"[NaN]", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b"[1e999]", "1e999 is too large"),
        (b"[" + b"9" * 5000 + b"]", "not readable"),
        (b"[1", "not readable"),
        (b"\xff[1]", "not readable"),
        (b"[1] " * 20, "at most 64 are read"),
    ],
)
def test_refusals(text: bytes, reason: str) -> None:
    limit = 64 if text.startswith(b"[1] ") else strict_json.MAX_BYTES
    with pytest.raises(UserInputError) as caught:
        strict_json.loads(text, "there", max_bytes=limit)
    assert reason in caught.value.reason
    assert caught.value.where == "there"


def test_brackets_in_texts_do_not_nest() -> None:
    value = {"[" * 500: "{" * 500 + '\\"[', "deep": [[[]]]}
    assert strict_json.loads(strict_json.dumps(value), "x") == value
    assert strict_json.depth(strict_json.dumps(value)) == 4
    assert strict_json.loads(b"[" * 64 + b"]" * 64, "x")


@pytest.mark.parametrize(
    "value", [{"ü": "花", "\ud800": "lone \udfff"}, [1.5, -0.0, 10**400 // 10**390, True, None], ""]
)
def test_values_come_back(value: object) -> None:
    assert strict_json.loads(strict_json.dumps(value), "x") == value


def test_what_is_not_json_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        strict_json.dumps([float("nan")])
