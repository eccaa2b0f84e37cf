"""Every problem set's audit is as it must be: this is the test of all checks and hints."""

from collections import Counter
from typing import Any

import pytest

from autograder.authoring.audit import RememberingSandbox, audit, failures, render
from autograder.course.table import load_course
from autograder.grading.mistakes import Patch, load_patches
from autograder.model import CourseError
from autograder.parts.declare import PARTS, load_part
from autograder.sandbox.job import Call, Job

COURSE = load_course()


@pytest.mark.parametrize("id", COURSE)
def test_every_row_is_as_it_must_be(id: str) -> None:
    table = audit(COURSE[id])
    assert failures(table) == []
    assert list(table) == ["reference", "blank", "mistakes", "variants"]
    assert table["reference"]["max"] == sum(q.points for q in COURSE[id].questions)


@pytest.mark.parametrize("part", [p.parent.name for p in PARTS.glob("*/checks.py")])
def test_every_question_has_mistakes_and_variants(part: str) -> None:
    mistakes, variants = load_patches(PARTS / part)
    ids = {q.id for q in load_part(part).questions}
    assert {p.question for p in mistakes} == {p.question for p in variants} == ids
    assert max(Counter(p.id for p in [*mistakes, *variants]).values()) == 1
    assert len(mistakes) >= 20 and len(variants) >= 10


def rows(**changes: Any) -> dict[str, Any]:
    mistake = {"id": "m", "question": "q", "caught": True, "hinted": True, "collateral": []}
    variant = {"id": "v", "question": "q", "score": 5, "max": 5}
    table: dict[str, Any] = {
        "reference": {"score": 5, "max": 5},
        "blank": {"score": 0, "max": 5},
        "mistakes": [mistake],
        "variants": [variant],
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
    ],
)
def test_a_row_that_is_wrong_is_named(changes: dict[str, Any], says: str) -> None:
    table = rows(**changes)
    assert "".join(failures(table)) == says
    assert "mistake" in render("ps", table)


def test_a_patch_has_to_fit_in_one_place() -> None:
    patch = Patch("p", "q", "h", "", (("a", "b"),), False, "")
    assert patch.apply("1 a 2") == "1 b 2"
    for solution in ("none", "a a"):
        with pytest.raises(CourseError, match="times, not once"):
            patch.apply(solution)
    with pytest.raises(CourseError, match="changes nothing"):
        Patch("p", "q", "h", "", (("a", "a"),), False, "").apply("a")


def test_an_equal_job_is_run_once_and_any_other_anew() -> None:
    probes = "def look(ns, x):\n    return {'value': ns.f()}\n"

    def value(answer: str, x: float = 0.0) -> Any:
        job = Job(answer, ("f",), probes, (Call("look", {"x": x}),))
        return sandbox.run(job).outcomes[0]["value"]

    here = "import os\ndef f():\n    return os.getpid()\n"
    with RememberingSandbox() as sandbox:
        first = value(here)
        assert value(here) == first
        assert value(here + "#") != first
        assert value(here, x=1.0) != first
