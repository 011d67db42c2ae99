"""What the tests of the trainer share."""

from collections.abc import Callable

import pytest

from core.backend.choose import BackendInfo, choose, probe


@pytest.fixture
def backend_or_skip() -> Callable[[str], BackendInfo]:
    """backend_or_skip("mlx"): that backend, or the test is skipped because this machine has none."""

    def find(name: str) -> BackendInfo:
        if name == "mlx" and probe().name != "mlx":
            pytest.skip(probe().why)
        return choose(name)

    return find
