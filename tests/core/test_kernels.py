import os
import subprocess
import sys

from core import kernels

AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\nflags\t\t: fpu {}\n\nprocessor\t: 1\n"
ALL = " ".join(sorted(kernels.NEEDED))


def test_only_processors_that_have_every_instruction_get_the_kernels_for_them() -> None:
    assert kernels.wants_avx512(AMD.format(ALL))
    assert not kernels.wants_avx512(AMD.format(ALL.replace("avx512vl", "")))
    assert not kernels.wants_avx512(AMD.format(ALL).replace("AuthenticAMD", "GenuineIntel"))
    assert not kernels.wants_avx512("")


def test_the_persons_own_choice_stands(monkeypatch, tmp_path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(AMD.format(ALL))
    monkeypatch.setenv(kernels.NAME, "Zen")
    kernels.choose_kernels(str(file))
    assert os.environ[kernels.NAME] == "Zen"
    monkeypatch.delenv(kernels.NAME)
    kernels.choose_kernels(str(tmp_path / "none"))
    assert kernels.NAME not in os.environ
    kernels.choose_kernels(str(file))
    assert os.environ[kernels.NAME] == "SkylakeX"


def test_the_choice_is_made_before_numpy_loads() -> None:
    code = "import core, sys; assert 'numpy' not in sys.modules; import core.spec; assert 'numpy' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
