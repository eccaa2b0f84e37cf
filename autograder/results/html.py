"""What the pages share: templates that load nothing from elsewhere, numbers and messages."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.results.text import one_line


def points(value: float) -> str:
    """Points as people write them: at most two decimals."""
    return f"{value + 1e-9:.2f}".rstrip("0").rstrip(".")


def inline(text: str) -> Markup:
    """HTML for a message of one line in which only `code` in backticks is markup."""
    parts = re.split(r"`([^`\n]+)`", one_line(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )


templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters |= {"points": points, "inline": inline}
