"""Odd but legal notebooks, as files: full marks within a bound of computing."""

import json
from pathlib import Path

import pytest
from odd_notebooks import odd
from shipped import COURSE, basis

from autograder.authoring.audit import RememberingSandbox
from autograder.authoring.reference import reference
from autograder.grading.grade import Grader
from autograder.model import Budget
from autograder.reading.collect import collect

pytestmark = [
    pytest.mark.trains,
    pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning"),
]

SEEDS = 16  # of each problem set
BOUND = Budget(seconds=10, submission=60)
"""What an answer, and all together, may compute: beyond it they lose their marks."""


@pytest.mark.parametrize("ps_id", COURSE.ids)
def test_an_odd_notebook_keeps_its_grade(tmp_path: Path, ps_id: str) -> None:
    executed = json.loads(json.dumps(reference(COURSE.problem_set(ps_id), COURSE)))
    wrong = []
    with Grader(basis(ps_id, BOUND), RememberingSandbox) as grader:
        for seed in range(SEEDS):
            folder = tmp_path / str(seed)
            folder.mkdir()
            done = odd(json.loads(json.dumps(executed)), folder, seed)
            found = collect([folder])
            assert len(found) == 1, done
            report = grader.grade(grader.load(found[0]))
            lost = {
                r.question.id: [c.message for c in r.checks if not c.passed] + r.notes
                for r in report.questions
                if r.score != r.question.points
            }
            if report.problem or report.fault or lost:
                wrong.append((seed, done, report.problem, report.fault, lost))
    assert not wrong, "\n".join(map(str, wrong))
