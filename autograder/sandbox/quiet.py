"""What shows, logs or looks at the machine, as modules and objects that do nothing."""

import dis
import sys
import types
from collections.abc import Iterator
from typing import Any, ClassVar

QUIET_PACKAGES = frozenset([
    # plots and pages
    "IPython", "adjustText", "altair", "bokeh", "celluloid", "google", "graphviz", "hiddenlayer",
    "holoviews", "hvplot", "ipympl", "ipywidgets", "kaleido", "matplotlib", "matplotlib_inline",
    "mpl_toolkits", "netron", "plotly", "pydot", "scienceplots", "seaborn", "torchviz", "visdom",
    # logs of experiments
    "aim", "clearml", "comet_ml", "livelossplot", "mlflow", "neptune", "swanlab", "tensorboard",
    "tensorboardX", "tensorboard_logger", "trackio", "wandb",
    # text and bars
    "alive_progress", "colorama", "coloredlogs", "colorlog", "fastprogress", "knockknock",
    "loguru", "prettytable", "progressbar", "pytorch_model_summary", "rich", "structlog",
    "tabulate", "termcolor", "torchinfo", "torchsummary", "torchsummaryX", "watermark",
    # what the machine is at
    "GPUtil", "codecarbon", "gpustat", "memory_profiler", "nvidia_smi", "nvtx", "psutil",
    "py3nvml", "pynvml",
])  # fmt: skip
"""What computes nothing that is graded; what does is real, or missing and named so."""


class Quiet(float):
    """Takes any call, attribute or index and does nothing: plots are not graded.

    Where a number is wanted it is 0, where a text or a path, an empty one, so that a line which
    prints what it holds goes on. It unpacks into as many as are asked for.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> "Quiet":
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        Config.now.update(kwargs.get("config"))
        decorates = len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType)
        return args[0] if decorates else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return NAMED.get(name, self)

    def __getitem__(self, key: Any) -> "Quiet":
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator["Quiet"]:
        return iter([self] * _unpacked(sys._getframe(1)))

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True  # `if writer:`

    def __index__(self) -> int:
        return 0

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __add__(self, other: Any) -> Any:
        return other  # a number, a text or a list

    __radd__ = __add__

    def __truediv__(self, other: Any) -> "Quiet":
        return self  # also where a share is computed of a memory that is not there

    __rtruediv__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __truediv__
    __mul__ = __rmul__ = __truediv__

    def __or__(self, other: Any) -> Any:
        return self  # in an annotation

    __ror__ = __or__

    def __str__(self) -> str:
        return ""

    def __fspath__(self) -> str:
        return "."

    def __format__(self, spec: str) -> str:
        return format("" if not spec or spec.endswith("s") else 0, spec)

    def __mro_entries__(self, bases: Any) -> tuple[type]:
        return (Quiet,)  # `class Mine(SummaryWriter)`

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(other, Quiet)

    def __deepcopy__(self, memo: Any) -> "Quiet":
        return self

    def __reduce__(self) -> Any:
        return float, ()  # whoever loads it may not have this module


def _unpacked(frame: types.FrameType) -> int:
    """Into how many names a frame unpacks now, as ``fig, (a, b, c) = plt.subplots(1, 3)``."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at + 1] if dis.opname[code[at]] == "UNPACK_SEQUENCE" else MOST


MOST = 64
"""As many axes a loop gets that goes over what a figure has."""

QUIET = Quiet()


class Config(dict[str, Any]):
    """The settings of a run that is logged: an answer may read there what it put there."""

    now: ClassVar["Config"]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name, QUIET)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, *settings: Any, **kwargs: Any) -> None:
        for given in (*settings, kwargs):
            named = given if isinstance(given, dict) else getattr(given, "__dict__", {})
            super().update(named)


Config.now = Config()


class Silent(type):
    """Functions of a class, ``tqdm.write`` say, that do nothing."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


class Progress(metaclass=Silent):
    """tqdm's interface without its output."""

    def __init__(self, iterable: Any = (), *args: Any, **kwargs: Any) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return QUIET


def trange(*args: int, **kwargs: Any) -> Progress:
    return Progress(range(*args))


TQDM: dict[str, Any] = {
    "tqdm": Progress, "tqdm_notebook": Progress, "trange": trange, "tnrange": trange,
    "tenumerate": lambda items, start=0, **kwargs: enumerate(items, start),
    "tzip": lambda *items, **kwargs: zip(*items, strict=False),
    "tmap": lambda f, *items, **kwargs: map(f, *items),
    "thread_map": lambda f, *items, **kwargs: list(map(f, *items)),
    "process_map": lambda f, *items, **kwargs: list(map(f, *items)),
}  # fmt: skip

NAMED: dict[str, Any] = {
    "config": Config.now, "alive_it": Progress, "master_bar": Progress, "progress_bar": Progress,
    "progressbar": Progress, "track": Progress,
    "connect": lambda given=QUIET, *args, **kwargs: given,
}  # fmt: skip
"""What of quiet packages gives back what it was given."""


def attribute(name: str) -> Any:
    """An attribute of a quiet module."""
    if name.startswith("__"):
        raise AttributeError(name)
    return NAMED.get(name, QUIET)
