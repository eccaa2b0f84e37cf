"""``transformers`` as answers find it: itself, but what is pretrained is the part's stand-in.

The library is imported once something of it is used that is no stand-in: answers that only name
pretrained models take neither its seconds nor its memory, and need not have it here.
"""

import builtins
import functools
import importlib
import re
import types
from collections.abc import Callable
from typing import Any, ClassVar

from autograder.sandbox.quiet import QUIET, Quiet

LIBRARY = "transformers"
STOOD_FOR = re.compile(
    r"Auto[A-Z]|[A-Z]\w*(Model|Token|Process|Extractor|For[A-Z]|Config$)"
)  # AutoModel, CLIPTextModelWithProjection, DistilBertTokenizerFast, BertForMaskedLM, ViTConfig
"""Classes with a ``from_pretrained``."""


class Pretrained:
    """A class of ``transformers`` whose ``from_pretrained`` gives the part's stand-in.

    Whatever else is done with it is done with the class itself.
    """

    makers: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _real(self) -> Any:
        return getattr(importlib.import_module(self._module), self._name)

    def from_pretrained(self, *args: Any, **kwargs: Any) -> Any:
        if self._name.endswith("Config") and not self._name.startswith("Auto"):
            return self._real()()  # its defaults are those of the best known model
        kind = "tokenizer" if re.search("Token|Process", self._name) else "model"
        return self.makers.get(kind, Quiet)()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: Any) -> bool:
        stands_in = type(instance).__module__.startswith("autograder.")
        return stands_in or isinstance(instance, self._real())

    def __or__(self, other: Any) -> Any:
        return Any  # in an annotation

    __ror__ = __or__


class Library(types.ModuleType):
    """A module of ``transformers``, imported when something of it is used that is no stand-in."""

    def __getattr__(self, name: str) -> Any:
        if name == "logging":
            return QUIET
        if STOOD_FOR.match(name):
            return Pretrained(self.__name__, name)
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        value = getattr(importlib.import_module(self.__name__), name)
        ours = isinstance(value, types.ModuleType) and value.__name__.startswith(f"{LIBRARY}.")
        return Library(value.__name__) if ours else value


def install() -> None:
    """Have all but the library itself import it as a ``Library``; called once in a worker."""
    builtins.__import__ = _importing(builtins.__import__)


def _importing(imported: Any) -> Any:
    @functools.wraps(imported)
    def __import__(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        by = str((globals or {}).get("__name__"))
        if name.partition(".")[0] != LIBRARY or level or by.partition(".")[0] == LIBRARY:
            return imported(name, globals, locals, fromlist, level)
        return Library(name if fromlist else LIBRARY)

    return __import__
