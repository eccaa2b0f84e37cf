"""Every kind of harm an answer can mean, graded beside good answers that keep their marks."""

import hashlib
import json
import textwrap
import time
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ENDED, FORGE, FRAME, FRAMES, OUTPUTS, RIGHT, SPOILED, STATE, WRONG
from handed_in import OWN_USERS, PS, cell, right
from shipped import COURSE, basis, compose

from autograder.authoring.audit import RememberingSandbox
from autograder.grading.grade import Grader
from autograder.model import Budget, Report
from autograder.paths import ROOT
from autograder.reading.answers import read_notebook
from autograder.results.files import results, write_results
from autograder.sandbox import client
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Job, Limits, Run

pytestmark = pytest.mark.slow

GOOD = """
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(12, 24, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(48, 24, 4, 2, 1), nn.ReLU(),
        )

    def forward(self, x):
        return self.encoder(x)
"""
BAD = GOOD.replace("nn.Conv2d(48, 24, 4, 2, 1), nn.ReLU()", "nn.Conv2d(48, 24, 4, 2, 1)")
BASELINE = 0.25  # of its checks those of shape and parameters pass, which are public
LONGEST = 60  # seconds: of the slowest kind, on a busy machine


class Beside(RememberingSandbox):
    """Runs what stands beside the hostile answer anew each time, but for the two trainings."""

    def run(self, job: Job, limits: Limits | None = None) -> Run:
        if job.names and job.names[0].startswith("train_"):
            return super().run(job, limits)
        return Sandbox.run(self, job, limits)


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    compose(PS)
    budget = Budget(seconds=1, memory=1024, files=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "UIDS", OWN_USERS)
        patch.setenv("COURSE_SECRET_CANARY", "canary-7041")
        with Grader(basis(PS, budget), Beside) as grader:
            yield grader


def checkout() -> dict[str, str]:
    """The hash of every file of the checkout, but for those that other tests make meanwhile."""
    folders = ("autograder", "helpers", "notebooks", "solutions", "tests", "data_scripts")
    files = [p for f in folders for p in (ROOT / f).rglob("*") if p.is_file()]
    files += [ROOT / name for name in ("course.toml", "README.md", "pyproject.toml")]
    made = {COURSE.composed_path(id) for id in COURSE.ids}
    kept = [p for p in files if "__pycache__" not in p.parts and p not in made]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return checkout()


@pytest.fixture
def untouched(before: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """A folder with another's result; nothing may have changed or be left when a test is over."""
    other = tmp_path / "results.json"
    other.write_text('{"score": 3}')
    tmp_path.chmod(0o777)
    yield tmp_path
    assert other.read_text() == '{"score": 3}'
    assert checkout() == before
    assert survivors(client.UIDS) == []
    left = [p for f in ("/tmp", "/dev/shm") for p in Path(f).glob("hostile-was-here")]
    assert left == []


def survivors(users: Container[int]) -> list[str]:
    """The processes of workers' users."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if entry.stat().st_uid in users and state != "Z":
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


def graded(grader: Grader, source: str, folder: Path) -> tuple[Report, str]:
    """The report on a notebook whose encoder is ``source``, and all that a student reads of it."""
    notebook: dict[str, Any] = right()
    cell(notebook, "encoder")["source"] = source
    began = time.monotonic()
    report = grader.grade(read_notebook(notebook, grader.release, "mallory"))
    assert time.monotonic() - began < LONGEST
    assert not report.fault
    assert [r.score for r in report.questions[1:]] == [1, 1, 1, 1]  # the good answers beside it
    write_results(report, folder / "mine.json")
    text = json.dumps(results(report))
    assert "canary-7041" not in text and "LOOT" not in text
    assert "BEGIN SOLUTION" not in text
    return report, text


def telling(attack: str) -> str:
    """A right answer that is spoiled where its attack prints LOOT, fails an assertion or breaks.

    What a right answer prints is never shown, and its own errors cost nothing: else no success
    would be seen.
    """
    lines = textwrap.indent(attack, "    ")
    return (
        "import builtins\nLOOT = []\n"
        "def print(*a):\n    LOOT.append(a) if a[:1] == ('LOOT',) else builtins.print(*a)\n"
        f"try:\n{lines}\nexcept BaseException as error:\n    LOOT.append(error)\n"
        f"{GOOD}\nif LOOT:\n    del Encoder\n"
    )


def points(sixths: int) -> float:
    """What checks of this weight earn: shape and parameters, the first two, are public."""
    return round(min(0.25, sixths / 6) if sixths <= 2 else sixths / 6, 4)


def placed(code: str, folder: Path) -> str:
    return (
        code.replace("{root}", str(ROOT))
        .replace("{tmp}", str(folder))
        .replace("{{", "{")
        .replace("}}", "}")
    )


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_keeps_its_marks_and_does_no_harm(
    grader: Grader, untouched: Path, name: str
) -> None:
    report, _ = graded(grader, telling(placed(RIGHT[name], untouched)), untouched)
    assert report.questions[0].score == 1, report.questions[0]


@pytest.mark.parametrize("code", ["print('LOOT', 1)", "assert False", "oops"])
def test_an_attack_that_works_would_show(grader: Grader, untouched: Path, code: str) -> None:
    report, _ = graded(grader, telling(code), untouched)
    assert report.questions[0].score == 0


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_gains_nothing(grader: Grader, untouched: Path, name: str) -> None:
    report, _ = graded(grader, placed(WRONG[name], untouched) + BAD, untouched)
    assert report.questions[0].score == (0 if name in SPOILED else BASELINE)


@pytest.mark.parametrize("name", STATE)
def test_what_an_answer_leaves_behind_stays_with_it(
    grader: Grader, untouched: Path, name: str
) -> None:
    code, sixths = STATE[name]
    report, _ = graded(grader, code + "\n" + GOOD, untouched)
    assert report.questions[0].score == points(sixths)
    report, _ = graded(grader, GOOD, untouched)
    assert report.questions[0].score == 1


@pytest.mark.parametrize("name", ENDED)
def test_what_cannot_be_graded_earns_nothing_and_says_why(
    grader: Grader, untouched: Path, name: str
) -> None:
    code, says = ENDED[name]
    report, text = graded(grader, code + GOOD, untouched)
    assert report.questions[0].score == 0
    assert says in text


@pytest.mark.parametrize("name", FRAMES)
def test_a_forged_frame_earns_nothing(grader: Grader, untouched: Path, name: str) -> None:
    report, _ = graded(grader, FRAME + FRAMES[name] + GOOD, untouched)
    assert report.questions[0].score == 0
    inside = GOOD.replace("return self", f"{FRAMES[name]}; return self")
    report, _ = graded(grader, FRAME + inside, untouched)
    assert report.questions[0].score == 0


def test_probes_that_were_replaced_earn_a_quarter_at_most(grader: Grader, untouched: Path) -> None:
    report, _ = graded(grader, FORGE, untouched)
    checks = report.questions[0].checks
    assert [c.passed for c in checks] == [c.public for c in checks]  # the attack works
    assert report.questions[0].score == 0.25


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_is_none_earns_nothing_for_its_values(
    grader: Grader, untouched: Path, name: str
) -> None:
    code, sixths = OUTPUTS[name]
    report, _ = graded(grader, GOOD.replace("return self.encoder(x)", code), untouched)
    of_values = name == "sparse"  # whose gradient is right
    assert report.questions[0].score == (round(sixths / 6, 4) if of_values else points(sixths))


def test_the_name_and_line_of_an_error_tell_no_hidden_input(
    grader: Grader, untouched: Path
) -> None:
    """Of a run on hidden inputs an error is named only if it is usual, or the same in public."""
    code, _ = OUTPUTS["an own error"]
    report, _ = graded(grader, GOOD.replace("return self.encoder(x)", code), untouched)
    messages = [c.message for c in report.questions[0].checks if not c.passed]
    assert set(messages) == {"The code raised an error of its own at line 13 of the answer."}
    by_line = "\n".join(f"        if bit == {i}: raise ValueError" for i in range(64))
    spy = f"bit = int(x.double().sum() * 1e6) % 64\n{by_line}"
    report, _ = graded(grader, GOOD.replace("return self.encoder(x)", spy), untouched)
    told = [c.message for c in report.questions[0].checks if not c.passed]
    assert {m for m in told if "line" not in m} == {"The code raised ValueError."}
    untold = "raise type('V' + str(time.time()), (Exception,), {})('secret')"
    report, _ = graded(grader, f"import time\n{untold}", untouched)
    messages = [c.message for c in report.questions[0].checks]
    said = "it stopped with an error of its own at line 2."
    assert set(messages) == {f"The answer does not define `Encoder`: {said}"}
