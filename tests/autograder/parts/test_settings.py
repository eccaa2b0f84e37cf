"""Each part with other numbers than its defaults: right answers, last year's, and wrong ones."""

import dataclasses
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from handed_in import reported
from shipped import COURSE

from autograder.authoring import compose
from autograder.authoring.audit import (
    RememberingSandbox,
    composed_basis,
    number_samples,
    splice,
)
from autograder.authoring.compose import composed
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.grading.mistakes import Patch, Patches
from autograder.model import CourseError, ProblemSet, QuestionResult
from autograder.parts.declare import load_part
from autograder.reading.answers import read_notebook
from autograder.reading.meaning import meaning

pytestmark = pytest.mark.slow
MISTAKES = 3  # of a part and one of two samples of numbers
BESIDE = "clip-mask-forgotten"
"""With some numbers it earns more beside the answer's own head, and is plain by itself alone."""
SET_OF = {"autoencoder": "ps_autoencoder", "cmc": "ps_cmc", "clip": "ps_clip",
          "transfer": "ps_transfer"}  # fmt: skip


def alone(part: str) -> ProblemSet:
    """A problem set of this part, to which is given what it needs of others."""
    ps = COURSE.problem_set(SET_OF[part])
    questions, by_hand = (
        tuple(q for q in all_questions if q.part == part)
        for all_questions in (ps.questions, ps.by_hand)
    )
    return dataclasses.replace(ps, parts=(part,), questions=questions, by_hand=by_hand)


def samples(part: str) -> list[ProblemSet]:
    """That problem set with both samples of its numbers."""
    return list(number_samples(alone(part), COURSE).values())


CASES = [(part, i) for part in SET_OF if load_part(part).numbers for i in range(2)]


@dataclasses.dataclass
class Case:
    """A problem set with other numbers, its grader, and last year's notebook and its own."""

    part: str
    basis: Basis
    grader: Grader
    before: dict[str, Any]
    notebook: dict[str, Any]
    patches: Patches

    def grade(self, notebook: dict[str, Any]) -> dict[str, QuestionResult]:
        report = self.grader.grade(read_notebook(notebook, self.grader.release, "student"))
        return {r.question.id: r for r in report.questions if not r.question.report}

    def answers(self, notebook: dict[str, Any]) -> dict[str, str]:
        """By question, all but reports."""
        sources = {c["id"]: "".join(c["source"]) for c in notebook["cells"]}
        return {q.id: sources[q.id] for q in self.basis.problem_set.questions if not q.report}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    part, i = request.param
    ps = samples(part)[i]
    basis = composed_basis(ps, COURSE)
    before, now = (json.loads(composed(each, COURSE)) for each in (alone(part), ps))
    known = basis.patches[part]
    coded = [p for p in known.mistakes if not p.question.startswith("report_")]
    drawn = random.Random(f"{part} {i}").sample(coded, MISTAKES)
    drawn += [p for p in coded if p.id == BESIDE and p not in drawn]
    few = dataclasses.replace(basis, patches={part: Patches(drawn, [])})
    with Grader(few, RememberingSandbox) as grader:
        yield Case(part, few, grader, before, now, known)


def test_nothing_is_left_to_fill_in(case: Case) -> None:
    for cell in case.basis.release.notebook["cells"]:
        if cell["id"] != "get-helpers":  # which holds the wheel
            source = "".join(cell["source"])
            assert not re.findall(r"\{\{=?[A-Za-z]\w*[^{}]*\}\}", source)
            assert "](data:image" not in source  # a picture of what the usual numbers give
    for question in case.basis.problem_set.questions:
        for check in case.basis.checks(question):
            assert "{{" not in check.sentence
    for patch in [*case.patches.mistakes, *case.patches.variants]:
        assert "{{" not in f"{patch.hint} {patch.edits} {patch.source}", patch.id


def test_right_answers_earn_all_and_the_blank_nothing(case: Case) -> None:
    points = {q.id: q.points for q in case.basis.problem_set.questions if not q.report}
    assert {id: r.score for id, r in case.grade(case.notebook).items()} == points
    blank = case.grade(dict(case.basis.release.notebook))
    assert {id: r.score for id, r in blank.items()} == dict.fromkeys(points, 0)


def test_last_year_s_answers_lose_points_where_a_number_is(case: Case) -> None:
    before, now = case.answers(case.before), case.answers(case.notebook)
    changed = {id for id in now if meaning(before[id]) != meaning(now[id])}
    found = case.grade(case.before)
    lost = {id for id, r in found.items() if r.score < r.question.points}
    assert changed and lost == changed


def test_every_patch_still_fits(case: Case) -> None:
    answers = case.answers(case.notebook)
    for patch in [*case.patches.mistakes, *case.patches.variants]:
        if patch.question in answers:
            patch.apply(answers[patch.question])


def test_known_mistakes_lose_points_and_are_told(case: Case) -> None:
    def told(patch: Patch) -> tuple[bool, str | None]:
        result = case.grade(splice(case.notebook, patch))[patch.question]
        return result.score < result.question.points, result.mistake

    drawn = case.basis.patches[case.part].mistakes
    assert {p.id: told(p) for p in drawn} == {p.id: (True, p.id) for p in drawn}


def test_the_order_of_accuracies_is_judged_but_not_their_range(case: Case) -> None:
    """Ranges are those of the usual numbers; nobody measured others."""
    for question in (q for q in case.basis.problem_set.questions if q.report):
        rule = load_part(case.part).reports[question.id]
        order = ["random", "unsupervised", "supervised"] if rule.orderings else [*rule.keys]
        for names in {tuple(order), tuple(order[::-1])}:
            accuracies = {name: 0.95 + i / 100 for i, name in enumerate(names)}
            notebook = reported(case.notebook, question.id, rule, accuracies)
            found = case.grader.grade(read_notebook(notebook, case.grader.release, "student"))
            (report,) = (r for r in found.questions if r.question.id == question.id)
            assert (report.score == question.points) is (names == tuple(order))


def test_a_text_that_still_says_last_year_s_number_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ps = alone("clip")
    other = dataclasses.replace(ps, options={**ps.options, "temperature": 0.05})
    composed(other, COURSE)
    read = compose._read

    def typed(path: Any) -> Any:
        notebook = read(path)
        for cell in notebook.cells:
            if cell.id == "clip_model-text":
                cell.source += "\n\nAgain: divide by 0.07."
        return notebook

    monkeypatch.setattr(compose, "_read", typed)
    composed(ps, COURSE)
    with pytest.raises(
        CourseError,
        match=r"clip\.ipynb, cell 'clip_model-text', line \d+, says '0\.07', but temperature is "
        r"0\.05 in ps_clip: write \{\{temperature\}\} there",
    ):
        composed(other, COURSE)
