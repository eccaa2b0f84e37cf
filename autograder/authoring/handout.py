"""The one page that a course posts with a problem set: what, when, how much, why, and how."""

import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pypandoc
import typst
from pypdf import PdfReader

from autograder.course.dates import written
from autograder.course.table import Course
from autograder.model import CourseError, ProblemSet, Question
from helpers.pdf.fonts import TEXT, families, folders

SIZES = (10.5, 10, 9.5, 9, 8.5, 8, 7.5, 7)  # points: the largest that leaves it one page
CITED = re.compile(
    r"(?:\(|(?P<by>\b[A-Z][\w-]+(?: et al\.|(?:, [A-Z]\w+)* and [A-Z]\w+)) \()"
    r"(?P<what>[^()]*\b\d{4}, arXiv:(?P<id>\d+\.\d+))[^()]*\)"
)
STEPS = re.compile(r"^1\. .*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
PAGE = """\
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: (x: 2.2cm, y: 1.8cm))
#set text(font: {fonts}, size: {size}pt, lang: "en")
#set par(justify: true, leading: 0.58em)
#set list(spacing: 0.7em)
#set enum(spacing: 0.7em)
#set table(stroke: (x: none, y: 0.4pt + luma(190)), inset: (x: 0.4em, y: 0.3em))
#show heading: it => block(above: 1.1em, below: 0.6em, text(size: 1.15em, weight: 600, it.body))
#text(fill: luma(90))[{course}]
#v(-0.4em)
#par(justify: false, text(size: 1.9em, weight: "bold", hyphenate: false)[{heading}])
#v(-0.3em)
#grid(columns: (auto, 1fr, auto), gutter: 1em,
  [*Posted* {posted}], [*Due* {due}], [*{points} points*])
#line(length: 100%, stroke: 0.6pt + luma(160))
{body}
"""


@dataclass(frozen=True)
class Overview:
    """What a part's notebook says of itself at its beginning."""

    heading: str
    background: str
    steps: str


def handout(ps: ProblemSet, course: Course, composed: str) -> bytes:
    """The handout as a PDF of one page, from the composed notebook.

    Raises:
        CourseError: it is more than a page even in small print.
    """
    body = _body(ps, course, composed)
    for size in SIZES:
        made = _compiled(ps, course, body, size)
        if len(PdfReader(io.BytesIO(made)).pages) == 1:
            return made
    raise CourseError(
        f"The handout of {ps.id} is longer than a page: shorten the overviews at the beginning of "
        f"its parts ({', '.join(ps.parts)})."
    )


def _body(ps: ProblemSet, course: Course, composed: str) -> str:
    """Background and steps of each part, points, how to hand in: as Typst."""
    texts = []
    for overview in overviews(ps, composed):
        texts.append(f"## {overview.heading}\n\n{overview.background}\n\n{overview.steps}")
    rows = [f"| {_title(q, ps)} | {q.points:g} |" for q in (*ps.questions, *ps.by_hand)]
    texts.append("\n".join(["## Points", "", "| question | points |", "|:---|---:|", *rows]))
    if cited := references(composed):
        texts.append("\n".join(["## Reading", "", *(f"- {text}" for text in cited)]))
    due = written(ps.due, ps.due_at, course.about.timezone)
    texts.append(
        f"## Handing in\n\nWork in `{ps.id}.ipynb`, and run it from top to bottom. Its last "
        f"cell, `helpers.hand_in()`, looks it over and writes `{ps.id}.zip`, which holds notebook, "
        f"PDF and models: hand that in on {ps.hand_in}, by {due}.{_lateness(ps)}"
    )
    made = pypandoc.convert_text("\n\n".join(texts), "typst", format="gfm+tex_math_dollars")
    return str(made)


def _title(question: Question, ps: ProblemSet) -> str:
    if question.bonus:
        return f"{question.title} (bonus)"
    return f"{question.title} (graded by hand)" if question in ps.by_hand else question.title


def references(composed: str) -> list[str]:
    """The papers that the notebook's texts cite, by their numbers on arXiv, each once."""
    found: dict[str, str] = {}
    for cell in nbformat.reads(composed, as_version=4).cells:
        if cell.cell_type == "markdown":
            for match in CITED.finditer(cell.source):
                what = match["what"].rpartition(";")[2].replace("*", "").strip()
                found.setdefault(match["id"], f"{match['by']}, {what}" if match["by"] else what)
    return list(found.values())


def _lateness(ps: ProblemSet) -> str:
    if ps.late is None:
        return ""
    said = []
    if ps.late.grace_hours:
        said.append(f"{ps.late.grace_hours:g} hours count as in time")
    if ps.late.points_a_day:
        said.append(f"each day begun after that costs {ps.late.points_a_day:g} points")
    if ps.late.last_day is not None:
        said.append(f"after {ps.late.last_day} days nothing is taken any more")
    return f" Late work: {' and '.join(said)}." if said else ""


def overviews(ps: ProblemSet, composed: str) -> Iterator[Overview]:
    """Of each part that has a cell ``overview`` or ``<part>-overview``, what it says."""
    cells = {cell.id: cell.source for cell in nbformat.reads(composed, as_version=4).cells}
    for part in ps.parts:
        source = cells.get(f"{part}-overview", cells.get("overview", ""))
        heading, _, text = source.partition("\n")
        if not source or not heading.startswith("#"):
            continue
        steps = STEPS.search(text)
        paragraphs = (text[: steps.start()] if steps else text).strip().split("\n\n")
        paragraphs = [p for p in paragraphs if not p.startswith(("(", "*"))]  # asides
        yield Overview(heading.lstrip("# "), "\n\n".join(paragraphs), steps[0] if steps else "")


def _compiled(ps: ProblemSet, course: Course, body: str, size: float) -> bytes:
    heading = f"Problem set {ps.number}: {ps.title}"
    about = ", ".join(filter(None, [course.about.title, course.about.term]))
    values = {
        "title": _quoted(heading),
        "fonts": families(TEXT),
        "size": f"{size:g}",
        "course": _plain(about),
        "heading": _plain(heading),
        "posted": _plain(written(ps.posted, ps.posted_at, course.about.timezone)),
        "due": _plain(written(ps.due, ps.due_at, course.about.timezone)),
        "points": f"{ps.points + ps.points_by_hand:g}",
        "body": body,
    }
    with tempfile.TemporaryDirectory(prefix="handout-") as scratch:
        main = Path(scratch, "main.typ")
        text = re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), PAGE)
        main.write_text(text, encoding="utf-8")
        try:
            return bytes(typst.compile(str(main), font_paths=folders(Path(scratch))))
        except RuntimeError as error:
            said = str(error).splitlines()[0]
            raise CourseError(f"The handout of {ps.id} cannot be set: {said}") from error


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """Text in which Typst finds no marks of its own."""
    return f"#{_quoted(text)}"
