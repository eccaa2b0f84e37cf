import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from reports import QUESTIONS, SCHEMA, problem_set, report, right, wrong

from autograder.model import CheckResult, QuestionResult, Report, Steps
from autograder.results.files import results, write_results


def checked(report: Report) -> dict[str, Any]:
    data = results(report)
    jsonschema.validate(data, SCHEMA)
    assert data["score"] == sum(t["score"] for t in data["tests"])
    return data


def test_two_mistakes_are_told_with_both_hints() -> None:
    also = {"no_step": "Call `step()`."}
    both = wrong(QUESTIONS[1], mistake="no_zero", hint="Call `zero_grad()`.", also=also)
    data = checked(report(both))
    assert data["tests"][1]["extra_data"]["mistakes"] == ["no_zero", "no_step"]
    assert data["extra_data"]["hints"] == {"no_zero": "Call `zero_grad()`.", **also}
    output = data["tests"][1]["output"]
    assert output.count("**Hint:**") == 2 and "step()" in output


def test_how_far_an_answer_got_is_told() -> None:
    steps = Steps(["the rows", "the table"], "the loss")
    data = checked(report(wrong(QUESTIONS[1], steps=steps)))
    assert data["tests"][1]["extra_data"]["steps"] == {
        "seen": ["the rows", "the table"], "missed": "the loss",
    }  # fmt: skip
    assert "gets to the rows and the table; not yet the loss." in data["tests"][1]["output"]


def test_every_question_is_a_test() -> None:
    data = checked(report(wrong(QUESTIONS[1], mistake="no_zero", hint="Call `zero_grad()`.")))
    assert [(t["name"], t["score"], t["max_score"], t["status"]) for t in data["tests"]] == [
        ("Encoder", 1, 1, "passed"),
        ("Training", 1, 2, "failed"),
        ("A further loss (bonus)", 1, 1, "passed"),
    ]
    assert {t["output_format"] for t in data["tests"]} == {"md"}
    assert data["tests"][1]["extra_data"] == {
        "question": "train_ae",
        "mistake": "no_zero",
        "mistakes": ["no_zero"],
        "steps": {"seen": [], "missed": None},
        "verified": None,
        "checks": [
            {"name": "`x` has the right shape.", "passed": True, "message": ""},
            {"name": "It learns.", "passed": False, "message": "The `loss` stays at 1."},
        ],
    }
    assert data["tests"][0]["extra_data"]["mistake"] is None
    assert data["tests"][2]["extra_data"]["bonus"] is True
    assert data["score"] == 3
    assert data["extra_data"]["max_score"] == 3
    assert data["extra_data"]["finished"] is True


def test_feedback_helps_in_order() -> None:
    told = {"hint": "Call `zero_grad()`.", "notes": ["Magics are left out."], "printed": "loss 1\n"}
    output = checked(report(wrong(QUESTIONS[0], **told)))["tests"][0]["output"]
    assert output == (
        "**Hint:** Call `zero_grad()`.\n\n"
        "1 of 2 checks failed:\n\n"
        "- ✗ It learns: The `loss` stays at 1.\n\n"
        "Note: Magics are left out.\n\n"
        "What your code printed or raised on example inputs:\n\n```text\nloss 1\n```"
    )


def test_one_reason_for_all_checks_is_told_once() -> None:
    checks = [
        CheckResult("A.", False, message="Not defined."),
        CheckResult("B.", False, message="Not defined."),
    ]
    output = checked(report(QuestionResult(QUESTIONS[0], checks, done=True)))["tests"][0]["output"]
    assert output == "Not defined.\n\n2 of 2 checks failed:\n\n- ✗ A.\n- ✗ B."


def test_pending_questions_are_zero_and_say_so() -> None:
    pending = Report("s", problem_set(), [QuestionResult(q) for q in QUESTIONS])
    data = checked(pending)
    assert data["score"] == 0
    assert {t["status"] for t in data["tests"]} == {"failed"}
    assert all("not your score" in t["output"] for t in data["tests"])
    assert "0 of 3" in data["output"]
    assert data["extra_data"]["finished"] is False


def test_a_fault_is_the_graders_and_scores_nothing() -> None:
    broken = wrong(QUESTIONS[1], fault="no memory at /tmp/answer-1/x", hint="misleading")
    data = checked(report(broken))
    assert data["score"] == 2
    test = data["tests"][1]
    assert (test["score"], test["status"], test["extra_data"]["fault"]) == (0, "failed", True)
    assert "grader itself failed" in test["output"] and "misleading" not in test["output"]
    assert "grader itself failed" in data["output"]
    assert data["extra_data"]["fault"] == "no memory at …/x"


def test_bad_input_gets_its_sentence_everywhere() -> None:
    data = checked(
        Report("s", problem_set(), [QuestionResult(q) for q in QUESTIONS], problem="It is a PDF.")
    )
    assert data["extra_data"]["problem"] == "It is a PDF."
    assert data["output"].startswith("Nothing was graded: It is a PDF.")
    assert {t["output"] for t in data["tests"]} == {"Not graded: It is a PDF."}
    assert data["extra_data"]["finished"] is True


@pytest.mark.parametrize("visibility", ["hidden", "after_due_date", "after_published"])
def test_what_an_instructor_hides_is_not_in_the_summary(visibility: str) -> None:
    graded = report(wrong(QUESTIONS[0], hint="Secret hint"))
    graded.problem_set = problem_set(visibility)
    data = checked(graded)
    assert {t["visibility"] for t in data["tests"]} == {visibility} == {data["visibility"]}
    assert data["stdout_visibility"] == "hidden"
    assert not any(c.isdigit() for c in data["output"]) and "hint" not in data["output"]


def test_hostile_text_stays_text() -> None:
    hostile = "</pre>\n````\n# Full marks <script>\ud800\x00"
    data = checked(
        report(
            wrong(QUESTIONS[0], printed=hostile, notes=[hostile], hint=hostile),
            name=hostile,
            notes=[hostile],
        )
    )
    output = data["tests"][0]["output"]
    assert output.count("<script>") == 1  # inside of the fence, which is longer
    assert "`````text\n</pre>" in output and output.endswith("\n`````")
    assert "<script>" not in data["output"]


def test_results_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    write_results(report(name="ü"), path)
    first = json.loads(path.read_text(encoding="utf-8"))
    write_results(report(wrong(QUESTIONS[0])), path)
    assert json.loads(path.read_text(encoding="utf-8"))["score"] == first["score"] - 0.5
    assert [p.name for p in path.parent.iterdir()] == ["results.json"]


def test_all_right_says_so() -> None:
    assert checked(report())["tests"][0]["output"] == "Right: it passed all 2 checks."
    assert right(QUESTIONS[0]).passed


def test_what_a_person_grades_is_named_and_not_counted() -> None:
    data = checked(report())
    assert data["output"].endswith("Graded by a person, and not in this score: An \\*essay\\*.")
    assert data["extra_data"]["max_score"] == 3 and len(data["tests"]) == 3
