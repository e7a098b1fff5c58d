"""The package's front: every public name, written once, known to whoever asks: a notebook, a type checker, help()."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import tutorial_lib

PACKAGE = Path(tutorial_lib.__file__).parent
STUB = (PACKAGE / "__init__.pyi").read_bytes().decode("ascii")  # lazy_loader opens it in the console's encoding


@pytest.mark.parametrize("name", tutorial_lib.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(tutorial_lib, name) is not None


def test_every_public_name_is_there_once_and_in_the_overview() -> None:
    names = re.findall(r"import (\w+) as \1$", STUB, re.MULTILINE)
    overview = re.findall(r"\w+", re.sub(r"(?m)^.*?: ", "", (tutorial_lib.__doc__ or "").partition("\n\n")[2]))

    assert sorted(names) == sorted(tutorial_lib.__all__) == sorted(overview)
    assert dir(tutorial_lib) == tutorial_lib.__all__


def test_no_module_would_take_the_place_of_a_public_name() -> None:
    modules = {path.stem for path in PACKAGE.iterdir()}
    assert not modules & set(tutorial_lib.__all__)


def test_an_unknown_name_is_an_ordinary_import_error() -> None:
    with pytest.raises(ImportError, match="cannot import name 'start_sever'"):
        from tutorial_lib import start_sever  # noqa: F401
    with pytest.raises(AttributeError, match="start_sever"):
        _ = tutorial_lib.start_sever


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = ("redis", "fakeredis", "IPython", "jupyterlab", "ipywidgets", "anywidget", "matplotlib", "numpy", "click")
    code = f"import sys, tutorial_lib; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "[]"
