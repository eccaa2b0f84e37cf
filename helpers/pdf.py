"""An executed notebook as a PDF, through pandoc and Typst from their wheels: no TeX, no browser.

Pandoc turns the text cells into Typst; code, printed text and pictures are written directly.
What cannot be set is shown as its source, never left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from helpers.errors import PdfError

WIDTH, HEIGHT = 499.0, 700.0  # of the text on an A4 page, in points
POINTS_PER_PIXEL = 0.75
SEPARATOR = "XQTHENEXTCELLQX"
PREAMBLE = """\
#set document(title: %s, date: none)
#set page(paper: "a4", margin: (x: 48pt, y: 56pt), numbering: "1 / 1")
#set text(size: 10pt, font: ("Libertinus Serif", "DejaVu Sans"))
#set par(leading: 0.62em)
#show heading: set block(above: 1.3em, below: 0.7em)
#show raw: set text(font: "DejaVu Sans Mono")
#show link: set text(fill: rgb("#1a55b0"))
#set table(inset: 5pt, stroke: 0.5pt + luma(200))
#show figure: set block(breakable: true)
#show figure.where(kind: table): set figure.caption(position: top)
#show quote.where(block: true): it => block(
  inset: (left: 8pt), stroke: (left: 2pt + luma(200)), it.body)
#let horizontalrule = line(length: 100%%, stroke: 0.5pt + luma(170))
#let pic(path, ..rest) = layout(size => {
  let made = image(path, ..rest)
  let taken = measure(made)
  let scale = calc.min(1.0, size.width / taken.width, 640pt / taken.height)
  if scale < 1 { image(path, width: taken.width * scale) } else { made }
})
#let code(number, source) = block(
  width: 100%%, fill: rgb("#f6f7f9"), stroke: 0.5pt + luma(220), radius: 2pt, inset: 6pt,
  above: 1em, below: 0.6em, {
    text(size: 6.5pt, fill: luma(110), font: "DejaVu Sans Mono", number)
    set text(size: 8pt)
    raw(source, block: true, lang: "python")
  })
#let printed(source, fill: none) = block(
  width: 100%%, fill: fill, inset: (x: 6pt, y: 4pt), above: 0.5em, below: 0.5em,
  { set text(size: 7.8pt); raw(source, block: true) })
"""
RED = 'rgb("#fdeeee")'
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/svg+xml": "svg"}
SUFFIXES = {".jpeg", ".webp", *(f".{end}" for end in PICTURES.values())}


def notebook_to_pdf(notebook: Path, out: Path | None = None) -> Path:
    """Write the notebook as it was saved, with its outputs, to a PDF.

    Args:
        notebook: an ``.ipynb`` file of format 4.
        out: the PDF; else the same name with ``.pdf``, beside the notebook.

    Returns:
        The path of the PDF.

    Raises:
        PdfError: the notebook cannot be read, or pandoc or Typst failed.
    """
    cells = _read(notebook)
    out = out or notebook.with_suffix(".pdf")
    with TemporaryDirectory(prefix="pdf-") as scratch:
        folder = Path(scratch).resolve()
        document = _Document(folder, notebook.resolve().parent)
        for cell in cells:
            document.add(cell)
        part = out.with_name(out.name + ".part")
        part.write_bytes(document.compile(notebook.stem))
    part.replace(out)
    return out


def _read(notebook: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(notebook.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise PdfError(f"There is no {notebook}: give the path of a saved notebook.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise PdfError(
            f"{notebook} is no notebook ({type(error).__name__}): save it again from Jupyter or "
            "Colab as .ipynb."
        ) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise PdfError(
            f"{notebook} holds no list of cells: save it again from Jupyter or Colab as .ipynb."
        )
    return cells


@dataclass
class _Document:
    """The pieces of a document in order: Typst, or Markdown that pandoc has yet to turn into it."""

    folder: Path
    beside: Path
    pieces: list[str] = field(default_factory=list)
    markdown: dict[int, str] = field(default_factory=dict)
    files: int = 0

    def add(self, cell: Mapping[str, Any]) -> None:
        """Append a cell and its outputs."""
        source = _text(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            self._add_markdown(source, cell.get("attachments") or {})
        elif cell.get("cell_type") == "code":
            if source.strip():
                number = f"In [{cell.get('execution_count') or ' '}]"
                self.pieces.append(
                    f"#code({_quote(number)}, {_quote(_breakable(source.rstrip()))})"
                )
            for output in _merged(cell.get("outputs") or []):
                self._add_output(output)
        elif source.strip():
            self._add_printed(source)

    def compile(self, title: str) -> bytes:
        """The PDF. Where a text cell stops Typst, its Markdown is shown in its place."""
        texts = self._pandoc(list(self.markdown.values()))
        converted = dict(zip(self.markdown, texts, strict=True))
        try:
            return self._typst(title, converted)
        except _TypstError:
            for index, source in self.markdown.items():
                try:
                    self._typst(title, {index: converted[index]}, only=index)
                except _TypstError:
                    converted[index] = f"#printed({_quote(_breakable(source))})"
        try:
            return self._typst(title, converted)
        except _TypstError as error:
            raise PdfError(f"Typst cannot set this notebook: {error}") from error

    def _add_markdown(self, source: str, attachments: Mapping[str, Any] | None = None) -> None:
        for name, bundle in (attachments or {}).items():
            for mime, data in bundle.items():
                source = source.replace(f"attachment:{name}", self._file(mime, _text(data)))
        source = re.sub(  # Colab pastes pictures so
            r"data:(image/[\w+.-]+);base64,([A-Za-z0-9+/=]+)",
            lambda match: self._file(match[1], match[2]),
            source,
        )
        self.markdown[len(self.pieces)] = source
        self.pieces.append("")

    def _add_printed(self, text: str, fill: str = "none") -> None:
        text = _breakable(_as_on_screen(text))
        if text.strip():
            self.pieces.append(f"#printed({_quote(text)}, fill: {fill})")

    def _add_output(self, output: Mapping[str, Any]) -> None:
        kind, data = output.get("output_type"), output.get("data") or {}
        if kind == "stream":
            red = output.get("name") == "stderr"
            self._add_printed(_text(output.get("text")), RED if red else "none")
        elif kind == "error":
            self._add_printed("\n".join(map(str, output.get("traceback") or [])), RED)
        elif mime := next((m for m in PICTURES if m in data), None):
            self._add_picture(mime, _text(data[mime]), output.get("metadata") or {})
        elif "text/markdown" in data or "text/latex" in data:
            self._add_markdown(_text(data.get("text/markdown") or data["text/latex"]))
        elif "text/plain" in data:
            self._add_printed(_text(data["text/plain"]))
        elif data:
            self._add_printed(f"[an output of the type {', '.join(data)}: see the notebook]")

    def _add_picture(self, mime: str, data: str, metadata: Mapping[str, Any]) -> None:
        """A picture in the size it has on screen, at most as large as the page."""
        name = self._file(mime, data)
        if mime == "image/svg+xml":
            self.pieces.append(f"#pic({_quote(name)})")
            return
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(self.folder / name.lstrip("/")) as image:
                width, height = image.size
        except (UnidentifiedImageError, OSError):
            self._add_printed(f"[a damaged picture of the type {mime}: see the notebook]")
            return
        own = metadata.get(mime)
        shown = (own if isinstance(own, dict) else metadata).get("width")
        pixels = float(shown) if isinstance(shown, int | float) and shown > 0 else float(width)
        points = min(WIDTH, pixels * POINTS_PER_PIXEL, HEIGHT * width / height)
        self.pieces.append(f"#image({_quote(name)}, width: {points:.1f}pt)")

    def _file(self, mime: str, data: str) -> str:
        """Keep a picture in the scratch folder; its path there, for Typst and for pandoc."""
        self.files += 1
        path = self.folder / f"picture{self.files}.{PICTURES.get(mime, 'bin')}"
        if mime == "image/svg+xml" and data.lstrip().startswith("<"):  # attached, it is base64
            path.write_text(data, encoding="utf-8")
        else:
            try:
                path.write_bytes(base64.b64decode(data))
            except (binascii.Error, ValueError):
                path.write_bytes(b"")
        return f"/{path.name}"

    def _pandoc(self, sources: Sequence[str]) -> list[str]:
        """Markdown to Typst, all in one call."""
        if not sources:
            return []
        import pypandoc

        joined = f"\n\n{SEPARATOR}\n\n".join(_for_pandoc(source) for source in sources)
        command = [pypandoc.get_pandoc_path(), "--from=gfm+attributes", "--to=typst", "--wrap=none"]
        done = subprocess.run(
            command, input=joined.encode(), cwd=self.folder, capture_output=True, check=False
        )
        if done.returncode:
            raise PdfError(f"pandoc failed: {done.stderr.decode(errors='replace').strip()}")
        texts = re.split(rf"^{SEPARATOR}$", done.stdout.decode(), flags=re.MULTILINE)
        if len(texts) != len(sources):
            # One cell swallowed a separator, by an open comment or fence: show them one by one.
            if len(sources) == 1:
                return [f"#printed({_quote(_breakable(sources[0]))})"]
            return [self._pandoc([source])[0] for source in sources]
        return [
            re.sub(r'#?box\(image\("([^"]+)"([^()]*)\)\)', self._picture_call, t) for t in texts
        ]

    def _picture_call(self, match: re.Match[str]) -> str:
        """A picture of a text cell that fits the page, or a word about one that is not there."""
        address, options = match[1], match[2]
        path = self.folder / address.lstrip("/")
        if not re.fullmatch(r"/picture\d+\.\w+", address):
            source = self.beside / unquote(address)
            if source.suffix.lower() not in SUFFIXES or not source.is_file():
                return f"#printed({_quote(f'[picture not found: {address}]')})"
            self.files += 1
            path = self.folder / f"picture{self.files}{source.suffix.lower()}"
            shutil.copyfile(source, path)
        return f"#pic({_quote('/' + path.name)}{options})"

    def _typst(self, title: str, converted: Mapping[int, str], only: int | None = None) -> bytes:
        import typst

        chosen: Iterator[str] = (
            converted.get(i, piece)
            for i, piece in enumerate(self.pieces)
            if only is None or i == only
        )
        main = self.folder / "main.typ"
        main.write_text(PREAMBLE % _quote(title) + "\n\n".join(chosen), encoding="utf-8")
        try:
            made = typst.compile(str(main), root=str(self.folder), font_paths=_fonts())
        except RuntimeError as error:
            raise _TypstError(str(error)) from error
        return bytes(made)


class _TypstError(Exception):
    """Typst refused a document."""


def _fonts() -> list[str]:
    """Matplotlib's DejaVu: Greek, mathematical and other signs that Typst's own fonts lack."""
    import matplotlib

    return [str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _quote(text: str) -> str:
    """A Typst string literal; control characters, which PDF cannot hold, are left out."""
    text = "".join(
        c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) < 0xE000)
    )
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "    ")
    return '"' + text.replace("\n", "\\n") + '"'


def _breakable(text: str) -> str:
    """Let words longer than a line wrap."""
    return re.sub(r"[^\s\u200b]{80}(?=\S)", lambda match: match[0] + "\u200b", text)


def _as_on_screen(text: str) -> str:
    """What a terminal shows: no colour codes, and of a line overwritten its last state."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    lines = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(states[-1] if states else "")
    return "\n".join(lines).strip("\n")


def _merged(outputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Outputs, with neighbouring pieces of one stream joined: a bar is written in many."""
    merged: list[dict[str, Any]] = []
    for output in outputs:
        if not isinstance(output, dict):
            continue
        last = merged[-1] if merged else {}
        if output.get("output_type") == "stream" and all(
            last.get(key) == output.get(key) for key in ("output_type", "name")
        ):
            last["text"] = _text(last.get("text")) + _text(output.get("text"))
        else:
            merged.append(dict(output))
    return merged


def _for_pandoc(source: str) -> str:
    """Markdown as Jupyter reads it: LaTeX environments stand bare, pictures may be HTML."""
    environments = r"(align|equation|gather|multline|eqnarray)(\*?)"
    source = re.sub(
        rf"(?<!\$)^[ \t]*(\\begin\{{{environments}\}}.*?\\end\{{\2\3\}})",
        r"$$\1$$",
        source,
        flags=re.DOTALL | re.MULTILINE,
    )
    return re.sub(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)[^>]*>", r"![](\1)", source)
