"""What a Python that runs under ``examine`` imports before the program: it waits for redis-py, and then watches it.

This folder stands first in PYTHONPATH, for this process and for those that it starts. Inside the program nothing of it
is to be seen: its own ``sitecustomize``, if there is one, is imported as usual.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

TYPE_CHECKING = False  # typing's own would have to be imported into each program
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  pathlib would cost each Python 10 ms
FOLDER = os.environ.get("REDIS_POOL_EXAMINE", "")
ASK = os.environ.get("REDIS_POOL_EXAMINE_ASK", "")


class _WhenRedisIsImported:
    """Stands first among the finders of modules, until redis has been found."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "redis":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("redis")
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenWatch(spec.loader)  # type: ignore[assignment]
        return spec


class _ThenWatch:
    """Loads redis-py with its own loader, and begins to watch once it is there."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        try:
            self._loader.exec_module(module)
        except BaseException as error:  # The traceback must be the one that it is without us.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise
        try:
            _watch(getattr(module, "__version__", "of an unknown version"))
        except Exception as error:  # The program has to run all the same.
            _say(f"{type(error).__name__}: {error}")


def _watch(version: str) -> None:
    if not _is_known(version):
        _say(f"its redis-py is {version}, and examine needs 6.4 or newer")
        return
    _find_course()
    from tutorial_lib.examination.process import watch

    watch(FOLDER, ask=bool(ASK))


def _is_known(version: str) -> bool:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (6, 4)


def _find_course() -> None:
    """Make this package importable where it is not installed, without a change to what else can be imported."""
    if importlib.util.find_spec("tutorial_lib") is not None and importlib.util.find_spec("lazy_loader") is not None:
        return
    import types

    package = types.ModuleType("tutorial_lib")
    package.__path__ = [os.path.dirname(os.path.dirname(HERE))]  # noqa: PTH120
    sys.modules["tutorial_lib"] = package


def _say(trouble: str) -> None:
    try:
        with open(os.path.join(FOLDER, f"{os.getpid()}.trouble"), "w") as file:  # noqa: PTH118, PTH123
            file.write(trouble)
    except OSError:
        pass


def _import_the_programs_own() -> None:
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]  # noqa: PTH100
    ours = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


if FOLDER:
    sys.meta_path.insert(0, _WhenRedisIsImported())
_import_the_programs_own()
