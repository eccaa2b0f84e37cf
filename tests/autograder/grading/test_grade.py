"""A grade from end to end: exact scores, beside good answers that keep theirs."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handed_in import PS, cell, code, right, stripped
from shipped import COURSE, basis

from autograder.grading.code import limits
from autograder.grading.grade import Grader
from autograder.grading.mistakes import Known, Patch, recognise
from autograder.model import Budget, CheckResult, QuestionResult, Report
from autograder.paths import ROOT
from autograder.reading.answers import read_notebook
from autograder.sandbox.job import Limits, SandboxError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(basis(PS, Budget(seconds=3))) as grader:
        yield grader


def graded(grader: Grader, notebook: dict[str, Any]) -> Report:
    return grader.grade(read_notebook(notebook, grader.release, "student"))


def scores(report: Report) -> list[float]:
    assert not report.fault
    return [r.score for r in report.questions]


def with_answer(question: str, source: str) -> dict[str, Any]:
    notebook = right()
    cell(notebook, question)["source"] = source
    return notebook


def said(report: Report, at: int) -> str:
    result = report.questions[at]
    return " ".join([*result.notes, *(c.message for c in result.checks), result.printed])


ENCODER = """\
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        {init}
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(12, 24, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(48, 24, 4, 2, 1), nn.ReLU(),
        )

    def forward(self, x):
        {forward}
        return self.encoder(x)
"""


def encoder(init: str = "pass", forward: str = "pass") -> dict[str, Any]:
    return with_answer("encoder", ENCODER.format(init=init, forward=forward))


def test_full_marks_with_and_without_metadata(grader: Grader) -> None:
    for notebook in (right(), stripped(right())):
        report = graded(grader, notebook)
        assert scores(report) == [1, 1, 1, 1, 1]
        assert not any(r.mistake or r.printed for r in report.questions)


def test_the_report_grows_question_by_question(grader: Grader) -> None:
    seen: list[tuple[float, int]] = []
    grader.grade(
        read_notebook(right(), grader.release, "student"),
        lambda report: seen.append((report.score, sum(q.done for q in report.questions))),
    )
    assert seen == [(0, 0), (4, 4), (5, 5)]  # what is right is graded at once
    seen.clear()
    grader.grade(
        read_notebook(encoder("raise KeyError"), grader.release, "student"),
        lambda report: seen.append((report.score, sum(q.done for q in report.questions))),
    )
    assert seen == [(0, 0), (3, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("init", "forward", "says"),
    [
        ("while True: pass", "pass", "more than 3 seconds"),
        ("pass", "while True: pass", "more than 3 seconds"),
        ("import os; os._exit(0)", "pass", "ended the process"),
        ("raise KeyError('mine')", "pass", "KeyError"),
        ("import sys; sys.exit()", "pass", "SystemExit"),
        ("pass", "return [x] * 10**12", "MemoryError"),
    ],
)
def test_what_goes_wrong_costs_its_own_question(
    grader: Grader, init: str, forward: str, says: str
) -> None:
    report = graded(grader, encoder(init, forward))
    assert scores(report)[1:] == [1, 1, 1, 1]
    assert scores(report)[0] < 0.5
    assert says in said(report, 0)


@pytest.mark.parametrize(
    ("question", "at"), [("encoder", 0), ("decoder", 1), ("train_ae", 2), ("train_classifier", 3)]
)
@pytest.mark.parametrize("source", ["", "def (", "x = 1", "raise SystemExit", "\0"])
def test_no_answer_is_zero_for_its_question_alone(
    grader: Grader, question: str, at: int, source: str
) -> None:
    expected = [1.0] * 5
    expected[at] = 0
    assert scores(graded(grader, with_answer(question, source))) == expected


def test_a_right_answer_that_prints_and_changes_its_input_loses_little(grader: Grader) -> None:
    report = graded(grader, encoder(forward="x += 0.5; print('hello <b>you</b>', file=sys.stderr)"))
    assert 0 < report.questions[0].score < 1
    report = graded(grader, encoder(init="import warnings; warnings.warn('old'); print('hi')"))
    assert scores(report) == [1, 1, 1, 1, 1]


def test_an_answer_may_use_another_answer(grader: Grader) -> None:
    notebook = right()
    source = "".join(cell(notebook, "decoder")["source"])
    cell(notebook, "decoder")["source"] = source.replace(
        "super().__init__()", "super().__init__()\n        Encoder()"
    )
    report = graded(grader, notebook)
    assert scores(report) == [1, 1, 1, 1, 1]
    assert "together with your other answers" in said(report, 1)


def test_own_cells_count_for_their_definitions_alone(grader: Grader) -> None:
    notebook = encoder(init="helper()")
    assert graded(grader, notebook).questions[0].score == 0
    own = "import os\ndef helper(): return 1\nfor _ in iter(int, 1): pass\nopen('/nowhere')"
    notebook["cells"].insert(2, code(own))
    assert scores(graded(grader, notebook)) == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "own",
    [
        ["widths = []", "for n in (12, 24):\n    widths.append(n)"],
        ["def doubled(n):\n    return [n, 2 * n]", "widths = doubled(12)"],
        ["import json", "widths = json.loads('[12, 24]')\nprint(widths)"],
    ],
    ids=["a loop", "a call", "a library"],
)
def test_values_that_own_cells_make_are_made_where_an_answer_needs_them(
    grader: Grader, own: list[str]
) -> None:
    notebook = encoder(forward="assert sum(widths) == 36")
    training = "while True:\n    model = Encoder()"  # nothing needs it
    notebook["cells"] = [*map(code, [*own, training]), *notebook["cells"]]
    report = graded(grader, notebook)
    assert scores(report) == [1] * 5
    assert "graded together with your own cells" in said(report, 0)
    del notebook["cells"][len(own) - 1]
    assert scores(graded(grader, notebook))[0] < 1


def test_code_for_a_gpu_is_graded_with_a_note(grader: Grader) -> None:
    source = "".join(cell(right(), "train_ae")["source"]).replace("to(device)", "cuda()")
    report = graded(grader, with_answer("train_ae", source))
    assert scores(report) == [1, 1, 1, 1, 1]
    assert "on a CPU, at no loss" in said(report, 2)
    wrong = graded(grader, with_answer("train_ae", source.replace("cuda()", "cuda().neg()")))
    assert wrong.questions[2].score < 1
    assert "on a CPU." in said(wrong, 2) and "at no loss" not in said(wrong, 2)


def test_results_that_the_notebook_does_not_show_count_nothing(grader: Grader) -> None:
    notebook = right()
    notebook["cells"].pop()
    report = graded(grader, notebook)
    assert scores(report) == [1, 1, 1, 1, 0]
    assert report.questions[4].mistake is None
    assert "shows no result" in said(report, 4)


def test_hidden_inputs_and_values_are_not_shown(grader: Grader) -> None:
    """An answer that does its best to tell what it is given."""
    tells = "raise ValueError('saw ' + repr(x.flatten()[:3].tolist()))"
    hidden = hidden_images(grader)
    for forward in (tells, "print('saw', x.flatten()[:3].tolist()); return x"):
        text = said(graded(grader, encoder(forward=forward)), 0)
        assert "saw" in text
        assert not any(f"{v:.4f}" in text for v in hidden)
    # a shape can carry a number out as well
    text = said(graded(grader, encoder(forward="return x[0, 0, 0, :1].mul(1e6).int() + 0 * x")), 0)
    text += said(
        graded(grader, encoder(forward="return torch.zeros(int(x[0, 0, 0, 0] * 1e6), 1)")), 0
    )
    assert not any(str(int(v * 1e6)) in text for v in hidden)


def hidden_images(grader: Grader) -> list[float]:
    values: list[float] = []
    for check in grader.basis.parts["autoencoder"].checks_of("encoder", grader.problem_set.options):
        x = check.inputs(grader.basis.secret).get("x")
        if x is not None:
            values += np.ravel(x)[:3].tolist()
    return values


def test_a_fault_of_the_grader_is_no_zero(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **more: Any) -> None:
        raise SandboxError("no space left")

    run = grader._sandbox.run
    calls: list[int] = []

    def second_breaks(*args: Any) -> Any:
        calls.append(1)
        return broken() if len(calls) == 2 else run(*args)

    monkeypatch.setattr(grader._sandbox, "run", second_breaks)
    monkeypatch.setattr(grader._sandbox, "run_together", broken)
    report = graded(grader, right())
    assert report.fault == "no space left"
    assert [bool(r.fault) for r in report.questions] == [False, True, False, False, False]
    assert [r.score for r in report.questions] == [1, 0, 1, 1, 1]


def test_a_term_has_its_own_inputs_and_the_same_for_all(grader: Grader) -> None:
    check = grader.basis.parts["autoencoder"].checks_of("encoder", grader.problem_set.options)[0]
    draw: Callable[[bytes], Any] = lambda secret: check.inputs(secret)["x"]  # noqa: E731
    assert np.array_equal(draw(b"2026"), draw(b"2026"))
    assert not np.allclose(draw(b"2026"), draw(b"2027"))


def test_the_process_that_makes_verdicts_imports_no_torch() -> None:
    code = f"""
import sys, json
from pathlib import Path
from autograder.batch.run import grade_all
from shipped import COURSE, basis
from handed_in import right
folder = Path(sys.argv[1])
(folder / "a.ipynb").write_text(json.dumps(right()))
ps = basis({PS!r}).problem_set
[report] = grade_all([folder / "a.ipynb"], ps, COURSE, folder / "out").reports
assert report.score == 5, report
assert "numpy" in sys.modules and "torch" not in sys.modules
"""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parents[1]}", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr


def test_the_best_explanation_is_the_mistake_that_is_named() -> None:
    def known(id: str, *failed: str) -> Known:
        outcomes = {"first": "a", "second": "b", "third": "c"}
        patch = Patch(id=id, question="q", hint=f"hint {id}")
        return Known((patch,), outcomes, frozenset(failed))

    result = QuestionResult(COURSE.problem_set(PS).questions[0], [CheckResult("x", False)])
    seen = {"first": "a", "second": "b", "third": "other"}
    several = [
        known("one", "first"),
        known("two", "first", "second"),
        known("all", "first", "second", "third"),
        known("no"),
    ]
    recognise(result, several, set(seen), lambda check, outcome: seen[check] == outcome)
    assert (result.mistake, result.hint, result.also) == ("two", "hint two", {})
    seen["third"] = "c"
    rest = [known("one", "first"), known("two", "first", "second"), known("rest", "third")]
    recognise(result, rest, set(seen), lambda check, outcome: seen[check] == outcome)
    assert (result.mistake, result.also) == ("two", {"rest": "hint rest"})


def test_right_accuracies_are_needed_in_the_right_order(grader: Grader) -> None:
    notebook = right()
    for output in notebook["cells"][-1]["outputs"]:
        result = next(iter(output["data"].values()))
        result["accuracy"] = 0.41  # in everybody's range
    report = graded(grader, notebook)
    assert report.questions[4].score == pytest.approx(1 / 3, abs=1e-4)
    assert "not better than" in said(report, 4)
    json.dumps([c.message for c in report.questions[4].checks])


def test_a_submission_has_a_limit_too_and_the_message_says_which() -> None:
    # five checks, in public and hidden: 0.6 seconds of computing each time
    notebook = encoder("import time; t = time.process_time() + 0.12\n        "
                       "while time.process_time() < t: pass  # cuda")  # fmt: skip
    with Grader(basis(PS, Budget(submission=1))) as grader:
        report = graded(grader, notebook)
    assert scores(report)[0] == 1 and scores(report)[1:4] == [0, 0, 0]
    assert "more than the 1 seconds of computing and waiting that a submission has" in said(
        report, 1
    )
    assert scores(report)[4] == 1  # read, not run


def test_a_question_may_have_seconds_of_its_own() -> None:
    budget = Budget(seconds=3, questions={"encoder": 20}, memory=100)
    assert limits("encoder", budget) == Limits(20, 100 << 20, 256 << 20)
    assert limits("decoder", budget).cpu == 3


def test_a_library_that_only_logs_is_neutral(grader: Grader) -> None:
    logs = (
        "import wandb; from torch.utils.tensorboard import SummaryWriter; "
        "wandb.init(project='x').log({'a': 1}); SummaryWriter('runs').add_scalar('a', 1, 2)"
    )
    assert scores(graded(grader, encoder(logs)))[0] == 1


def test_a_library_that_is_missing_is_named(grader: Grader) -> None:
    source = "import nowhere_to_be_found\n" + ENCODER.format(
        init="nowhere_to_be_found.f()", forward="pass"
    )
    report = graded(grader, with_answer("encoder", source))
    assert report.questions[0].score == 0
    assert "`nowhere_to_be_found` is not installed where this is graded" in said(report, 0)


def test_what_fails_in_another_cell_is_no_error_of_the_answer(grader: Grader) -> None:
    notebook = encoder(forward="x = x * 2")
    notebook["cells"].append(code("autoencoder = no_such_name"))
    report = graded(grader, notebook)
    assert 0 < report.questions[0].score < 1
    assert "no_such_name" not in said(report, 0)
