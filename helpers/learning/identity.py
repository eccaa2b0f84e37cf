"""What a checkpoint belongs to: one training of one cell, and the code that trained.

Two trainings may have networks of the same shape, such as two linear probes, and the same training
may be run again after its code was corrected. Neither may come back as the other.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn, optim

_running: tuple[Any, int] = (None, 0)


def running_cell() -> tuple[int, str] | None:
    """The number and source of the notebook's cell that runs now; None outside of notebooks."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return None
    ran = shell.user_ns.get("In") or [""]
    return len(ran), "\n".join(line.rstrip() for line in ran[-1].strip().splitlines())


def place_in_cell(cell: tuple[int, str]) -> int:
    """How many trainings this run of the cell began before."""
    global _running
    before, count = _running
    count = count + 1 if cell == before else 0
    _running = cell, count
    return count


def identity(
    name: str, modules: Sequence[nn.Module], optimizer: optim.Optimizer, code: CodeType
) -> str:
    """Equal for the same training after a restart: values of weights do not enter.

    A restarted kernel that runs only some of the cells starts from other weights and must still
    find its checkpoint. ``code`` is the function that trains.
    """
    cell = running_cell()
    kinds = [type(module).__qualname__ for module in modules]
    # A script has no cells: there, trainings are told apart by what they train.
    where = (cell[1], place_in_cell(cell)) if cell else _shapes(modules, optimizer)
    return hashlib.sha256(repr((name, where, code.co_name, kinds)).encode()).hexdigest()[:16]


def _shapes(modules: Sequence[nn.Module], optimizer: optim.Optimizer) -> object:
    shapes = [
        [(key, tuple(getattr(value, "shape", ()))) for key, value in module.state_dict().items()]
        for module in modules
    ]
    groups = [
        (len(g["params"]), sorted((k, str(v)) for k, v in g.items() if k != "params"))
        for g in optimizer.state_dict()["param_groups"]
    ]
    return shapes, type(optimizer).__name__, groups


def code_digest(code: CodeType, modules: Sequence[nn.Module], optimizer: optim.Optimizer) -> str:
    """A digest of the function that trains, and of the notebook's own classes that it trains.

    So are the shapes of their weights and the optimizer's settings; comments and layout are not.
    """
    digest = hashlib.sha256(repr(_shapes(modules, optimizer)).encode())
    for piece in (code, *_own_methods(modules)):
        for part in _parts(piece):
            digest.update(f"\0{part}".encode())
    return digest.hexdigest()[:16]


def _own_methods(modules: Sequence[nn.Module]) -> Iterator[CodeType]:
    kinds = {type(part) for module in modules for part in module.modules()}
    for kind in sorted(kinds, key=lambda k: k.__qualname__):
        if kind.__module__ == "__main__":
            for _, value in sorted(vars(kind).items()):
                if isinstance(value, FunctionType):
                    yield value.__code__


def _parts(code: CodeType) -> Iterator[object]:
    """What a piece of code does, but for its docstring and line numbers."""
    yield code.co_name, code.co_code, code.co_names, code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif not isinstance(constant, str) or constant != code.co_consts[0]:
            yield constant if not isinstance(constant, frozenset) else sorted(map(repr, constant))
