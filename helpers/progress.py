"""Progress bars that stay one line, in a terminal and in a saved notebook."""

from __future__ import annotations

import io
from typing import Any

from helpers.notebook import in_notebook


def progress(iterable: Any = None, **options: Any) -> Any:
    """A tqdm bar over ``iterable``, with tqdm's options.

    In a notebook it is one text output that is updated in place, so that a saved notebook and its
    PDF hold one finished line: no widget, no carriage returns, nothing on stderr.
    """
    from tqdm import tqdm

    if not in_notebook():
        return tqdm(iterable, **{"dynamic_ncols": True, **options})

    class NotebookBar(tqdm):  # type: ignore[misc, unused-ignore]
        @staticmethod
        def status_printer(file: Any) -> Any:
            return _Line().show

    # What tqdm would still write, the newline after a finished bar, goes nowhere.
    # A bar that vanished would leave an empty output behind: here they all stay.
    fixed = {"file": io.StringIO(), "ncols": 88, "mininterval": 0.25, "leave": True}
    return NotebookBar(iterable, **{**options, **fixed})


class _Line:
    """A text output of the running cell that can be replaced."""

    def __init__(self) -> None:
        self.handle: Any = None

    def show(self, text: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text.strip()}
        if self.handle is None:
            if text.strip():
                self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)
