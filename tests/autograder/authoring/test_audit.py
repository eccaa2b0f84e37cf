"""The audit itself: what it calls wrong, and that equal jobs run once."""

import ast
from typing import Any

import nbformat
import pytest
from audits import AUDITED, problem_sets
from handed_in import ACCURACIES, cell, right
from shipped import COURSE

from autograder.authoring import audit as audits
from autograder.authoring.audit import RememberingSandbox, failures, render
from autograder.course.table import Course
from autograder.grading.mistakes import Patch
from autograder.model import CourseError, ProblemSet
from autograder.parts.declare import PARTS
from autograder.paths import ROOT
from autograder.sandbox.job import Call, Job
from helpers.handing.claims import literals


def test_every_problem_set_and_part_is_audited_with_every_value() -> None:
    sets = problem_sets()
    assert {name for name, _ in AUDITED.values()} == set(sets)
    assert {part for _, part in AUDITED.values() if part} == {
        p.parent.name for p in PARTS.glob("*/checks.py")
    }
    files = {p.stem for p in (ROOT / "tests/autograder/parts").glob("test_audit_*.py")}
    assert files == {f"test_audit_{name}" for name in AUDITED}


def rows(**changes: Any) -> dict[str, Any]:
    mistake = {"id": "m", "question": "q", "caught": True, "hinted": True, "collateral": []}
    variant = {"id": "v", "question": "q", "score": 5, "max": 5}
    table: dict[str, Any] = {
        "reference": {"score": 5, "max": 5},
        "blank": {"score": 0, "max": 5},
        "mistakes": [mistake],
        "variants": [variant],
        "public": {"q": {"share": 0.2, "checks": ["shape"]}},
    }
    for key, change in changes.items():
        (table[key][0] if key in ("mistakes", "variants") else table[key]).update(change)
    return table


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ""),
        ({"reference": {"score": 4.5}}, "The reference earns 4.5 of 5."),
        ({"blank": {"score": 1}}, "The blank release earns 1."),
        ({"mistakes": {"caught": False, "hinted": False}}, "Mistake m of q is not caught."),
        ({"mistakes": {"hinted": False}}, "Mistake m of q is caught, its hint not given."),
        ({"mistakes": {"collateral": ["r"]}}, "Mistake m of q also costs points in r."),
        ({"variants": {"score": 4}}, "Variant v of q earns 4 of 5."),
        (
            {"public": {"r": {"share": 1, "checks": ["shape"]}}},
            "All checks of r have the same outcome for every secret.",
        ),
        ({"mistakes": {"caught": False, "error": "It does not fit."}}, "It does not fit."),
        ({"variants": {"score": 4, "error": "It does not fit."}}, "It does not fit."),
    ],
)
def test_a_row_that_is_wrong_is_named(changes: dict[str, Any], says: str) -> None:
    table = rows(**changes)
    assert "".join(failures(table)) == says
    shown = render("ps", table)
    assert shown.startswith("ps: 1 mistakes, 1 variants")
    caught_and_hinted = table["mistakes"][0]["caught"] and table["mistakes"][0]["hinted"]
    assert ("NO" in shown) is not caught_and_hinted
    assert f"{table['reference']['score']:g} of 5" in shown


def test_other_numbers_are_audited_with_the_results_that_the_usual_ones_gave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audited: list[Any] = []
    monkeypatch.setattr(audits, "reference", lambda ps, course: nbformat.from_dict(right()))

    def audit(ps: ProblemSet, course: Course, whole: Any = None) -> dict[str, Any]:
        audited.append((ps, whole))
        return rows()

    monkeypatch.setattr(audits, "audit", audit)
    names = [name for name, *_ in audits.audit_all(COURSE.problem_set("ps_autoencoder"), COURSE)]
    assert names[0] == "ps_autoencoder" and audited[0][1] is None  # it runs for itself
    assert len(set(names)) == len(names) == 3
    for ps, whole in audited[1:]:
        assert ps.options["bottleneck"] != 24
        (answer,) = (c.source for c in whole.cells if c.id == "report_autoencoder")
        assert literals(ast.parse(answer))["results_autoencoder"] == ACCURACIES
        assert f"{ps.options['bottleneck']}" in cell(whole, "encoder")["source"]


def test_a_patch_has_to_fit_in_one_place() -> None:
    patch = Patch(id="p", question="q", find="a", replace="b")
    assert patch.apply("1 a 2") == "1 b 2"
    for solution in ("none", "a a"):
        with pytest.raises(CourseError, match="times, not once"):
            patch.apply(solution)
    with pytest.raises(CourseError, match="changes nothing"):
        Patch(id="p", question="q", find="a", replace="a").apply("a")


@pytest.mark.slow
def test_an_equal_job_is_run_once_and_any_other_anew() -> None:
    probes = "def look(ns, x):\n    return {'value': ns.f()}\n"

    def value(answer: str, x: float = 0.0) -> Any:
        job = Job(answer, ("f",), probes, (Call("look", {"x": x}),))
        (outcome,) = sandbox.run(job).outcomes
        assert isinstance(outcome, dict)
        return outcome["value"]

    here = "import time\ndef f():\n    return time.time_ns() % 2**53\n"
    with RememberingSandbox() as sandbox:
        first = value(here)
        assert value(here) == first
        assert value(here + "#") != first
        assert value(here, x=1.0) != first
