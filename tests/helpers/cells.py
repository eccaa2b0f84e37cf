"""Notebook cells as Jupyter saves them, for tests to build notebooks from."""

import base64
import io
from typing import Any

from PIL import Image

Cell = dict[str, Any]


def png(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> str:
    """A teal picture in base64."""
    raw = io.BytesIO()
    Image.new("RGB", (width, height), "teal").convert(mode).save(raw, kind)
    return base64.b64encode(raw.getvalue()).decode()


def markdown(source: str, **rest: Any) -> Cell:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **rest}


def code(source: str, *outputs: Cell, count: int | None = 1, **metadata: Any) -> Cell:
    return {
        "cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs),
        "execution_count": count,
    }  # fmt: skip


def stream(text: str, name: str = "stdout") -> Cell:
    return {"output_type": "stream", "name": name, "text": text}


def shown(data: dict[str, Any], **metadata: Any) -> Cell:
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def error(name: str, message: str, *traceback: str) -> Cell:
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": list(traceback)}
