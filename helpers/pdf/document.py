"""An executed notebook as a PDF, through pandoc and Typst from their wheels: no TeX, no browser.

Code, printed text and pictures are written as Typst directly; pandoc converts text cells and HTML.
What cannot be set is shown as its source, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helpers.errors import PdfError
from helpers.notebook import text_of
from helpers.pdf.fonts import CODE, TEXT, families, folders
from helpers.pdf.outputs import Piece, pieces_of
from helpers.pdf.pandoc import DEFINITION, to_html, to_typst
from helpers.pdf.paper import for_paper
from helpers.pdf.pictures import Pictures
from helpers.pdf.screen import on_page
from helpers.pdf.text import breakable, printed, quote
from helpers.reading.files import read_notebook

UNBROKEN = 35  # lines of code that are kept on one page
PREAMBLE = """\
#set document(title: %s, date: none)
#set page(paper: "a4", margin: (x: 48pt, y: 56pt), numbering: "1 / 1")
#set text(size: 10pt, font: %s)
#set par(leading: 0.62em)
#show heading: set block(above: 1.3em, below: 0.7em)
#show raw: set text(font: %s)
#show link: set text(fill: rgb("#1a55b0"))
#set table(inset: 0.5em, stroke: 0.5pt + luma(200))
#show figure: set block(breakable: true)
#show figure.where(kind: table): set figure.caption(position: top)
#show table: it => layout(size => {
  let taken = measure(it).width
  set text(size: 1em * (size.width / taken)) if taken > size.width
  it
})
#show quote.where(block: true): it => block(
  inset: (left: 8pt), stroke: (left: 2pt + luma(200)), it.body)
#let horizontalrule = line(length: 100%%, stroke: 0.5pt + luma(170))
#let pic(path, ..rest) = layout(size => {
  let made = image(path, ..rest)
  let taken = measure(made)
  let scale = calc.min(1.0, size.width / taken.width, 620pt / taken.height)
  if scale < 1 { image(path, width: taken.width * scale) } else { made }
})
#let code(number, source, breakable) = block(
  width: 100%%, fill: rgb("#f6f7f9"), stroke: 0.5pt + luma(220), radius: 2pt, inset: 6pt,
  above: 1em, below: 0.6em, breakable: breakable, {
    text(size: 6.5pt, fill: luma(110), font: "DejaVu Sans Mono", number)
    set text(size: 8pt)
    raw(source, block: true, lang: "python")
  })
#let printed(parts, fill: none) = block(
  width: 100%%, fill: fill, inset: (x: 6pt, y: 4pt), above: 0.5em, below: 0.5em, {
    set text(size: 7.8pt)
    set par(leading: 0.5em)
    if parts.len() == 1 { text(..parts.at(0).at(1), raw(parts.at(0).at(0), block: true)) } else {
      for (piece, style) in parts {
        for (i, line) in piece.split("\\n").enumerate() {
          if i > 0 { linebreak() }
          text(..style, raw(line.replace(regex("^ +"), it => "\\u{a0}" * it.text.len())))
        }
      }
    }
  })
"""


def notebook_to_pdf(notebook: Path, out: Path | None = None) -> Path:
    """Write the notebook as it was saved, with its outputs, to a PDF.

    Args:
        notebook: an ``.ipynb`` file.
        out: the PDF; else the same name with ``.pdf``, beside the notebook.

    Returns:
        The path of the PDF.

    Raises:
        NotebookError: the file is no notebook.
        PdfError: pandoc or Typst failed.
    """
    content = read_notebook(notebook)
    out = out or notebook.with_suffix(".pdf")
    made = render(content, notebook.stem, notebook.resolve().parent)
    part = out.with_name(out.name + ".part")
    part.write_bytes(made)
    part.replace(out)
    return out


def render(notebook: Mapping[str, Any], title: str, beside: Path) -> bytes:
    """The PDF of a notebook; pictures that text cells name are looked for in ``beside``.

    Raises:
        PdfError: neither pandoc and Typst nor nbconvert, which is tried then, can make it.
    """
    notebook = {**notebook, "cells": for_paper(notebook["cells"])}
    try:
        with TemporaryDirectory(prefix="pdf-") as scratch:
            document = _Document(Pictures(Path(scratch).resolve(), beside))
            for cell in notebook["cells"]:
                document.add(cell)
            return document.compile(title)
    except (PdfError, ImportError, OSError) as error:
        from helpers.pdf.nbconvert import nbconvert_pdf

        made = nbconvert_pdf(notebook, title, str(error))
        print(f"Pandoc and Typst could not make the PDF ({error}); nbconvert did.")
        return made


@dataclass
class _Document:
    files: Pictures
    pieces: list[Piece] = field(default_factory=list)

    def add(self, cell: Mapping[str, Any]) -> None:
        """Append a cell and its outputs."""
        source = text_of(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            self._add_markdown(source, cell.get("attachments"))
        elif cell.get("cell_type") == "code":
            if source.strip():
                self._add_code(source.strip("\n").rstrip(), cell.get("execution_count"))
            self.pieces += pieces_of(cell.get("outputs"), self.files)
        else:
            self.pieces.append(Piece(printed(source)))

    def compile(self, title: str) -> bytes:
        """The PDF. What stops Typst is shown in another way."""
        self._convert()
        try:
            return self._typst(title, self.pieces)
        except _TypstError:
            for piece in self._refused(self.pieces):
                piece.typst = piece.instead
        try:
            return self._typst(title, self.pieces)
        except _TypstError as error:
            raise PdfError(f"Typst cannot set this notebook: {error}") from error

    def _add_code(self, source: str, count: Any) -> None:
        number = quote(f"In [{count or ' '}]")
        whole = "false" if source.count("\n") < UNBROKEN else "true"
        self.pieces.append(Piece(f"#code({number}, {quote(breakable(source))}, {whole})"))

    def _add_markdown(self, source: str, attachments: Any) -> None:
        attached = {
            name: {mime: text_of(data) for mime, data in bundle.items()}
            for name, bundle in (attachments if isinstance(attachments, dict) else {}).items()
            if isinstance(bundle, dict) and bundle
        }
        self.pieces.append(Piece(markdown=source, attachments=attached, instead=printed(source)))

    def _convert(self) -> None:
        for piece in self.pieces:
            if piece.html is not None:
                piece.html = on_page(piece.html, {}, self.files)
        texts = [p for p in self.pieces if p.markdown is not None]
        pages = to_html(
            [p.markdown or "" for p in texts], [p.attachments for p in texts], self.files
        )
        for piece, page in zip(texts, pages, strict=True):
            piece.html = page
        waiting = [p for p in self.pieces if p.html is not None]
        for piece, made in zip(waiting, to_typst([p.html or "" for p in waiting]), strict=True):
            silent = piece.markdown is not None and DEFINITION.search(piece.markdown)
            piece.typst = made if made or silent else piece.instead

    def _refused(self, pieces: list[Piece]) -> list[Piece]:
        """Those of the pieces that Typst does not set, found by halving."""
        try:
            self._typst("", pieces)
        except _TypstError:
            if len(pieces) == 1:
                return pieces
            middle = len(pieces) // 2
            return self._refused(pieces[:middle]) + self._refused(pieces[middle:])
        return []

    def _typst(self, title: str, pieces: Sequence[Piece]) -> bytes:
        import typst

        main = self.files.folder / "main.typ"
        fonts = families(TEXT), families(CODE)
        text = PREAMBLE % (quote(title), *fonts) + "\n\n".join(p.typst for p in pieces)
        main.write_text(text, encoding="utf-8")
        try:
            made = typst.compile(
                str(main), root=str(self.files.folder), font_paths=folders(self.files.folder)
            )
        except RuntimeError as error:
            raise _TypstError(str(error)) from error
        return bytes(made)


class _TypstError(Exception):
    """Typst refused a document."""
