"""What a course hands out of a problem set: ``dist/<problem set>/``."""

import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pypandoc
from pypdf import PdfReader

from autograder.authoring import wheel
from autograder.authoring.archive import archive
from autograder.authoring.changes import changed, differing, noted
from autograder.authoring.handout import handout
from autograder.authoring.leaks import MARKER
from autograder.authoring.release import Made, make
from autograder.authoring.runs import Runs
from autograder.course.table import Course
from autograder.grading.mistakes import load_patches
from autograder.model import CourseError, ProblemSet
from autograder.parts.numbers import filled
from autograder.paths import ROOT
from helpers.pdf.document import notebook_to_pdf

MANIFEST, CHANGES = "manifest.json", "CHANGES.md"
PACKAGES = ("torch", "torchvision", "numpy", "transformers")
STEP = re.compile(r"#\s*step(?: \d+)?: ")
BEGIN = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>
body {{ font: 16px/1.55 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; }}
body {{ padding: 0 1rem; }} table {{ border-collapse: collapse; }}
th, td {{ padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }}
</style></head><body>
{body}
</body></html>
"""


@dataclass(frozen=True)
class Handed:
    """All files of ``dist/<problem set>/`` by their names, and how they differ from those there."""

    files: Mapping[str, bytes]
    changes: list[str]


def handed_out(
    ps: ProblemSet,
    course: Course,
    made: Made,
    *,
    solutions: bool = False,
    today: date | None = None,
) -> Handed:
    """What is to be handed out of the notebooks ``made``, beside what was before.

    Where it replaces a release, ``CHANGES.md`` gets an entry that tells students what changed.

    Raises:
        CourseError: the problem set cannot be released, as ``release`` says.
    """
    course.deadline(ps)  # in a time zone that there is
    solution, notebook = made.solution, made.notebook
    folder = course.root / "dist" / ps.id
    before = _manifest(folder / MANIFEST)
    now = noted(ps, course, notebook)
    changes = changed(before, now, ps)
    number = before.get("release", 0) + bool(changes or not before)
    told = (folder / CHANGES).read_text(encoding="utf-8") if (folder / CHANGES).is_file() else ""
    if changes:
        today = today or date.today()
        entry = "\n".join(f"- {line}" for line in changes)
        heading = f"## Release {number}, {today.day} {today:%B %Y}"
        told = f"{heading}\n\n{entry}\n\n{told}".rstrip() + "\n"
    files = {
        "student.zip": _student_zip(ps, notebook, told),
        "handout.pdf": handout(ps, course, solution),
        **({CHANGES: told.encode()} if told else {}),
    }
    _refuse_leaks(ps, course, solution, files)
    manifest = {
        "problem_set": ps.id,
        "title": ps.title,
        "release": number,
        "versions": {"helpers": wheel.version(), **{p: version(p) for p in PACKAGES}},
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
        "changed": changes or before.get("changed", []),
        **now,
    }
    if solutions:
        files |= _solutions(ps, solution)
    files[MANIFEST] = (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    return Handed(files, changes)


def write(ps: ProblemSet, course: Course, handed: Handed) -> Path:
    """Write what is handed out; files that are there already as they are, stay."""
    folder = course.root / "dist" / ps.id
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in handed.files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            part = path.with_name(f".{name}.part")
            part.write_bytes(data)
            part.replace(path)
    return folder


def would_change(ps: ProblemSet, course: Course) -> list[str]:
    """What a release would write that is not there like that, a line each. Writes nothing."""
    made = make(ps, course)
    texts = {
        course.composed_path(ps.id): made.solution,
        course.release_path(ps.id): made.notebook,
    }
    lines = []
    for path, text in texts.items():
        there = path.read_text(encoding="utf-8") if path.is_file() else ""
        if there != text:
            which = differing(there, text)
            lines.append(f"{path.relative_to(course.root)}{': ' if which else ''}{which}")
    folder = course.root / "dist" / ps.id
    handed = handed_out(ps, course, made)
    for name, data in handed.files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            lines.append(str(path.relative_to(course.root)))
    return lines + [f"  students read: {line}" for line in handed.changes]


def _manifest(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("said"), dict):
        raise CourseError(
            f"{path} is no manifest: put the one of the last release there, or delete it, and "
            "students are told of no change."
        )
    return data


def _student_zip(ps: ProblemSet, notebook: str, told: str) -> bytes:
    path = ROOT / "docs" / "student.md"
    guide = path.read_text(encoding="utf-8") if path.is_file() else ""
    first = f"# {ps.title}\n\nOpen `{ps.id}.ipynb`: it is all that you need. The wheel beside it "
    first += "is the course's package, for machines without a network.\n\n"
    body = pypandoc.convert_text(first + guide.partition("\n")[2], "html", format="gfm")
    files = {
        f"{ps.id}.ipynb": notebook.encode(),
        f"course_helpers-{wheel.version()}-py3-none-any.whl": wheel.wheel(),
        "begin.html": BEGIN.format(title=ps.title, body=body).encode(),
    }
    if told:
        files[CHANGES] = told.encode()
    return archive(files)


def _refuse_leaks(
    ps: ProblemSet, course: Course, solution: str, files: Mapping[str, bytes]
) -> None:
    """Nothing that leaves the house may hold a run of a solution: raises CourseError else."""
    runs = Runs(json.loads(solution))
    problems = []
    with zipfile.ZipFile(io.BytesIO(files["student.zip"])) as file:
        for name in file.namelist():
            if not name.endswith((".whl", ".ipynb")):  # the release has looked at these
                problems += runs.find(f"{name} in student.zip", file.read(name).decode())
    pages = PdfReader(io.BytesIO(files["handout.pdf"])).pages
    problems += runs.find("handout.pdf", "\n".join(page.extract_text() for page in pages))
    for part in course.parts(ps):
        values = part.values(ps.options)
        for check in part.checks:
            problems += runs.find(f"the check {check.name}", filled(check.sentence, values))
        for id, snippets in part.examples.items():
            for code in snippets:
                problems += runs.find(f"an example of {id}", filled(code, values))
        for patch in load_patches(part).fitting(values).mistakes:
            problems += runs.find(f"the hint of {patch.id}", patch.hint)
    if problems:
        raise CourseError(f"{ps.id} is not handed out: {'; '.join(problems[:5])}.")


def _solutions(ps: ProblemSet, solution: str) -> dict[str, bytes]:
    """The solutions without marks, their steps as comments, as notebook and as PDF."""
    notebook = nbformat.reads(solution, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
        lines = [line for line in cell.source.split("\n") if not MARKER.search(line)]
        cell.source = STEP.sub("# ", "\n".join(lines))
    text = nbformat.writes(notebook) + "\n"
    with tempfile.TemporaryDirectory(prefix="solutions-") as folder:
        path = Path(folder, "solutions.ipynb")
        path.write_text(text, encoding="utf-8")
        pdf = notebook_to_pdf(path).read_bytes()
    return {"solutions.ipynb": text.encode(), "solutions.pdf": pdf}
