"""An answer that only a newer Python can parse is the grader's fault; nothing else becomes one."""

import json
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from handed_in import PS, cell, code, filled, place, release, right, stripped
from shipped import COURSE, basis

from autograder.batch.tables import Gradebook
from autograder.grading.grade import Grader
from autograder.model import Report
from autograder.reading.answers import Submission, read_notebook
from autograder.reading.collect import Found
from autograder.reading.newer import is_newer
from autograder.reading.record import receive
from autograder.results.files import results
from autograder.results.rows import as_row
from autograder.sandbox import wire
from helpers.reading.magics import parses

MINOR = sys.version_info[1]
NEXT = f"3.{MINOR + 1}"
# Of the Python after each that grades: a line that the one before does not parse.
SYNTAX = {
    11: "{indent}said = f\"{{', '.join([f'{{1}}', f\"{{2}}\"])}}\"",
    12: "{indent}def same[T = int](x: T) -> T: return x",
    13: "{indent}said = t'{{1}}'",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MINOR not in SYNTAX, reason="no syntax is known that is newer than this"),
]


def newer_line(indent: str = "    ") -> str:
    line = SYNTAX[MINOR].format(indent=indent)
    assert not parses(line.strip())
    return line


def ran_in(notebook: dict[str, Any], version: Any) -> dict[str, Any]:
    notebook.setdefault("metadata", {})["language_info"] = {"name": "python", "version": version}
    return notebook


def with_newer_line(notebook: dict[str, Any], question: str = "train_ae") -> dict[str, Any]:
    """With a line of the next Python at the end of the function that answers this question."""
    answer = cell(notebook, question)
    answer["source"] = "".join(answer["source"]) + "\n" + newer_line()
    return notebook


def needed(notebook: dict[str, Any]) -> dict[str, str]:
    return read_notebook(notebook, release(), "student").newer


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(basis(PS)) as grader:
        yield grader


def graded(grader: Grader, notebook: dict[str, Any], folder: Path) -> Report:
    """Graded from its file, by way of the process that reads it."""
    path = folder / f"{PS}.ipynb"
    path.write_text(json.dumps(notebook))
    return grader.grade(grader.load(Found("ada", path)))


def test_an_answer_for_a_newer_python_is_the_graders_fault(grader: Grader, tmp_path: Path) -> None:
    report = graded(grader, ran_in(with_newer_line(right()), f"{NEXT}.2"), tmp_path)
    assert [bool(r.fault) for r in report.questions] == [False, False, True, False, False]
    assert [r.score for r in report.questions] == [1, 1, 0, 1, 1]
    assert f"not valid in Python 3.{MINOR}" in report.fault
    assert f"Python {NEXT}.2. Grade it in Python {NEXT} or newer" in report.fault
    book = Gradebook.of(tmp_path, COURSE.problem_set(PS), COURSE)
    book.write([as_row(results(report), "ada")], tmp_path / "grades.csv")
    assert '"1","1","","1","1","","5"' in (tmp_path / "grades.csv").read_text()


@pytest.mark.parametrize(
    "version",
    ["", f"3.{MINOR}.9", "3.6.1", "3.99", "3.99.0", "4.0", f"{NEXT}; rm", None, 3.12, [NEXT], {}],
)
def test_the_same_from_a_python_no_newer_or_from_none_is_an_error(version: Any) -> None:
    assert needed(ran_in(with_newer_line(right()), version)) == {}


@pytest.mark.parametrize("metadata", [[], None, "x", {"language_info": NEXT}])
def test_metadata_of_any_form_is_read(metadata: Any) -> None:
    assert needed({**with_newer_line(right()), "metadata": metadata}) == {}


def test_an_answer_that_this_python_parses_is_graded_by_what_it_does(
    grader: Grader, tmp_path: Path
) -> None:
    notebook = ran_in(right(), NEXT)
    wrong = "class Encoder(nn.Module):\n    def forward(self, model):\n        return model"
    cell(notebook, "encoder")["source"] = wrong
    cell(notebook, "decoder")["source"] = "raise SyntaxError('mine')\nclass Decoder: pass"
    notebook["cells"].append(code("model = oops("))  # no answer uses this one
    report = graded(grader, notebook, tmp_path)
    assert not report.fault
    assert [r.score for r in report.questions] == [0, 0, 1, 1, 1]


def from_an_own_cell(notebook: dict[str, Any]) -> dict[str, Any]:
    """The answer calls a function of the student's own, which this Python cannot parse."""
    answer = cell(notebook, "train_ae")
    answer["source"] = "".join(answer["source"]).replace("    return ", "    told(1)\n    return ")
    notebook["cells"].insert(3, code(f"def told(x):\n{newer_line()}\n    return x"))
    return notebook


def moved(notebook: dict[str, Any]) -> dict[str, Any]:
    """The answer stands in a cell of its own, below the one that was given for it."""
    [spare] = [c for c in release().notebook["cells"] if c.get("id") == "train_ae"] or [None]
    assert spare
    answer = cell(with_newer_line(notebook), "train_ae")
    source, answer["source"] = answer["source"], "".join(spare["source"])
    source = source.replace("# Question: train_ae\n", "")
    notebook["cells"].insert(place(notebook, "train_ae") + 1, code(source))
    return notebook


def with_an_old_try(notebook: dict[str, Any]) -> dict[str, Any]:
    """There is an earlier answer as well, which this Python parses, and which is wrong."""
    notebook["cells"].insert(3, code("def train_ae(model, dataloader, epochs=200): pass"))
    return with_newer_line(notebook)


def unmarked(notebook: dict[str, Any]) -> dict[str, Any]:
    return stripped(with_newer_line(notebook))


@pytest.mark.parametrize("write", [from_an_own_cell, moved, with_an_old_try, unmarked])
def test_it_is_found_wherever_it_stands(
    grader: Grader, tmp_path: Path, write: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    report = graded(grader, ran_in(write(right()), NEXT), tmp_path)
    assert [bool(r.fault) for r in report.questions] == [False, False, True, False, False]


def test_a_report_may_need_a_newer_python_too() -> None:
    notebook = right()
    answer = cell(notebook, "report_autoencoder")
    answer["source"] = "".join(answer["source"]) + "\n" + newer_line("")
    assert needed(ran_in(notebook, NEXT)) == {"report_autoencoder": NEXT}


def test_a_question_that_passes_all_the_same_is_no_fault(grader: Grader) -> None:
    submission = read_notebook(right(), release(), "student")
    submission.newer = {"encoder": NEXT}
    report = grader.grade(submission)
    assert not report.fault and report.score == 5


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        (NEXT, True), (f"{NEXT}.0", True), (f"{NEXT}.0rc1", True), (f"{NEXT}.0b2+", True),
        (f"3.{MINOR}.1", False), ("3.15", False), ("3.100", False), ("13.12", False),
        (f"{NEXT}\n", False), (f"{NEXT}.1 <b>", False), (f" {NEXT}", False), ("3.١٤", False),
    ],
)  # fmt: skip
def test_a_version_is_one_that_there_is(version: str, newer: bool) -> None:
    assert is_newer(version) is newer


@pytest.mark.parametrize("newer", [{"nothing": NEXT}, {"encoder": "3.99"}, {"encoder": "a\nb"}])
def test_a_process_that_reads_can_claim_no_other_version(newer: dict[str, str]) -> None:
    def told(newer: dict[str, str]) -> Submission:
        fields = vars(read_notebook(filled(), release(), "")) | {"newer": newer}
        text = msgspec.json.encode(
            {k: v for k, v in fields.items() if k not in ("name", "hand_in")}
        )
        frame = struct.pack(">Q", len(text)) + text
        start = iter((frame[:8], frame[8:]))
        return receive(lambda n: next(start), COURSE.problem_set(PS), "ada")

    assert told({"encoder": NEXT}).newer == {"encoder": NEXT}
    with pytest.raises(wire.FrameError):
        told(newer)
