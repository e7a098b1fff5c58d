"""A deprecation is an error where we can mend it: in our own modules, not inside a dependency."""

from __future__ import annotations

import warnings

import pytest


def deprecated_in(module: str, kind: type[Warning] = DeprecationWarning) -> None:
    warnings.warn_explicit("use something newer", kind, filename="somewhere.py", lineno=1, module=module)


@pytest.mark.parametrize("module", ["tutorial_lib.plots.picture", "tests.test_warnings", "tools.build_notebooks"])
def test_what_is_deprecated_in_our_modules_is_an_error(module: str) -> None:
    with pytest.raises(DeprecationWarning):
        deprecated_in(module)


def test_what_is_deprecated_inside_a_dependency_is_only_shown() -> None:
    with warnings.catch_warnings(record=True) as shown:
        deprecated_in("traitlets.traitlets")

    assert [str(one.message) for one in shown] == ["use something newer"]


def test_any_other_warning_is_an_error_wherever_it_comes_from() -> None:
    with pytest.raises(UserWarning):
        deprecated_in("matplotlib.legend", UserWarning)
