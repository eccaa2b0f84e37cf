"""Changes to modules that an answer may import later: nothing is imported for them."""

import importlib.abc
import importlib.machinery
import sys
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any

Change = Callable[[types.ModuleType], None]
WAITING: dict[str, list[Change]] = defaultdict(list)


def change(name: str, how: Change) -> None:
    """Change a module now, or when it is imported."""
    if name in sys.modules:
        how(sys.modules[name])
    else:
        WAITING[name].append(how)
        if Finder not in map(type, sys.meta_path):
            sys.meta_path.insert(0, Finder())


class Finder(importlib.abc.MetaPathFinder):
    """Finds what is waited for as everybody else does, and has it changed once it is there."""

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in WAITING:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next(filter(None, specs), None)
        loader: Any = spec and spec.loader
        if loader:
            loader.exec_module = _then(loader.exec_module, WAITING[fullname])
        return spec


def _then(load: Change, changes: list[Change]) -> Change:
    def exec_module(module: types.ModuleType) -> None:
        load(module)
        for how in changes:
            how(module)

    return exec_module
