"""Text cells and HTML outputs as Typst, through pandoc: Markdown to HTML, and HTML to Typst.

HTML in the middle, as in a browser: what a text cell writes in HTML itself is shown like the rest.
"""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from helpers.errors import PdfError
from helpers.pdf.pictures import Attachments, Pictures
from helpers.pdf.screen import on_page
from helpers.pdf.text import breakable, printed

SEPARATOR = "XQTHENEXTCELLQX"
ENVIRONMENT = re.compile(
    r"(?<!\$)^[ \t]*(\\begin\{(align|equation|gather|multline|eqnarray|alignat)(\*?)\}"
    r".*?\\end\{\2\3\})",
    re.DOTALL | re.MULTILINE,
)
FENCED = re.compile(r"(^[ \t]*(?:```|~~~).*?^[ \t]*(?:```|~~~)[ \t]*$|`+[^`\n]+`+)", re.M | re.S)
FORMULA = re.compile(r'<span class="math (inline|display)">\\[(\[](.*?)\\[)\]]</span>', re.DOTALL)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
TEXT = re.compile(r'(<span class="math .*?</span>)|[^<>]+(?=<|$)', re.DOTALL)
DEFINITION = re.compile(
    r"\\(?:re)?newcommand\*?\s*\{?\s*(\\\w+)\s*\}?\s*(\[\d\])?\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{?\s*(\\\w+)\s*\}?\s*(?=\{)|\\def\s*(\\\w+)\s*(?=\{)"
)
# What MathJax takes and pandoc does not, or writes badly.
REPAIRS = [
    (r"\\begin\{(?:equation|displaymath)\*?\}(.*?)\\end\{(?:equation|displaymath)\*?\}", r"\1"),
    (r"\\label\{[^}]*\}|\\nonumber\b|\\notag\b|\\displaylimits\b|\\!", ""),
    (r"\\tag\*?\{([^}]*)\}", r"\\qquad \\text{(\1)}"),
    (r"\\eqref\{([^}]*)\}", r"(\\text{\1})"),
    (
        r"\\operatorname\*?\{\s*arg\s*(?:\\[,;:! ])?\s*(min|max)\s*\}|\\arg(min|max)\b",
        r"\\arg\\\1\2",
    ),
    (r"\\(?:text)?color\{[^}]*\}", ""),
    (r"\{\\(rm|bf|it|cal|sf|tt)\s+([^{}]*)\}", r"\\math\1{\2}"),
]


def to_html(
    sources: Sequence[str], attachments: Sequence[Attachments], files: Pictures
) -> list[str]:
    """Text cells as HTML: formulas repaired, pictures as files or a word about their absence."""
    pages = _pandoc(
        [_with_bare_environments(CONTROL.sub("", source)) for source in sources],
        [
            "--from=gfm+attributes-footnotes-yaml_metadata_block",
            "--to=html",
            "--mathjax",
            "--syntax-highlighting=none",
        ],
    )
    defined: dict[str, str] = {}
    pages = [FORMULA.sub(lambda m: _formula(m, defined), page) for page in pages]
    made = []
    for page, attached in zip(pages, attachments, strict=True):
        page = on_page(page, attached, files)
        page = re.sub("\x02([^<]*)", lambda m: _definitions(m[1], defined) + m[1], page)
        made.append(re.sub(r"<a href=\"#[^>]*>", "<a>", page))  # its aim may lie in no cell
    return made


def to_typst(pages: Sequence[str]) -> list[str]:
    """HTML as Typst; empty where nothing of a page can be shown."""
    pages = [TEXT.sub(lambda m: m[1] or breakable(m[0], 60), page) for page in pages]
    texts = _pandoc(
        pages,
        ["--from=html+tex_math_single_backslash+tex_math_dollars", "--to=typst"],
    )
    return [_repaired(text).strip() for text in texts]


def _pandoc(sources: Sequence[str], options: Sequence[str]) -> list[str]:
    """All sources in one call, each parsed for itself: one may leave open what it likes."""
    if not sources:
        return []
    import pypandoc

    with TemporaryDirectory(prefix="pandoc-") as scratch:
        separator = Path(scratch, "separator")
        separator.write_text(f"<p>{SEPARATOR}</p>" if "html" in options[0] else SEPARATOR)
        files = []
        for i, source in enumerate(sources):
            files += [Path(scratch, f"{i:05}"), separator]
            files[-2].write_text(source, encoding="utf-8", errors="replace")
        done = subprocess.run(
            [pypandoc.get_pandoc_path(), *options, "--wrap=none", "--file-scope", *files[:-1]],
            capture_output=True,
            check=False,
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise PdfError(f"pandoc cannot convert the text: {said}")
    return re.split(rf"^(?:<p>)?{SEPARATOR}(?:</p>)?$", done.stdout.decode(), flags=re.MULTILINE)


def _with_bare_environments(source: str) -> str:
    """Jupyter shows LaTeX environments that stand without dollars."""
    parts = FENCED.split(source)
    parts[::2] = [ENVIRONMENT.sub(r"\n\n$$\1$$\n\n", part) for part in parts[::2]]
    return "".join(parts)


def _formula(match: re.Match[str], defined: dict[str, str]) -> str:
    """A formula for pandoc; what it defines for the whole notebook goes into ``defined``."""
    tex = html.unescape(match[2])
    while found := DEFINITION.search(tex):
        end = _closing(tex, found.end())
        name, body = found[1] or found[3] or found[4], tex[found.end() + 1 : end - 1]
        body = rf"\operatorname{{{body}}}" if found[3] else _tidy(body)
        defined[name] = rf"\newcommand{{{name}}}{found[2] or ''}{{{body}}}"
        tex = tex[: found.start()] + tex[end:]
    if not tex.strip():
        return ""
    opening, ending = (r"\(", r"\)") if match[1] == "inline" else (r"\[", r"\]")
    text = html.escape(_tidy(tex), quote=False)
    return f'<span class="math {match[1]}">{opening}\x02{text}{ending}</span>'


def _definitions(text: str, defined: Mapping[str, str]) -> str:
    """The definitions that a formula needs, if it needs any."""
    if not any(re.search(rf"{re.escape(name)}(?![A-Za-z])", text) for name in defined):
        return ""
    return html.escape("".join(defined.values()), quote=False)


def _tidy(tex: str) -> str:
    for pattern, repaired in REPAIRS:
        tex = re.sub(pattern, repaired, tex, flags=re.DOTALL)
    return re.sub(r"\n\s*\n", "\n", tex).strip()


def _closing(text: str, start: int) -> int:
    """The end of the braces that open at ``start``."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return i + 1
    return len(text)


def _repaired(text: str) -> str:
    """Pictures no larger than the page."""
    text = re.sub(
        r'#?box\(image\("(/picture\d+\.\w+)"([^()]*)\)\)',
        lambda m: f'#pic("{m[1]}"{m[2]})',
        text,
    )
    return re.sub(
        r'#?box\(image\("([^"]*)"[^()]*\)\)',
        lambda m: printed(f"[picture not found: {m[1]}]"),
        text,
    )
