"""Known mistakes, one or two at once: run together, kept, and told apart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from shipped import basis

from autograder.grading.basis import PUBLIC, Basis
from autograder.grading.grade import Grader
from autograder.grading.known import KnownMistakes
from autograder.grading.mistakes import Known
from autograder.grading.rows import Right
from autograder.model import Question, QuestionResult
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Limits

pytestmark = pytest.mark.slow

QUESTION = "soft_targets"


@pytest.fixture(scope="module")
def course() -> Basis:
    return basis("ps_transfer")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(imports=("sklearn.linear_model",)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("known") / "ps_transfer"


def question(course: Basis) -> Question:
    return next(q for q in course.problem_set.questions if q.id == QUESTION)


def right(course: Basis, sandbox: Sandbox) -> list[Right]:
    asked = question(course)
    calls = course.calls(asked, PUBLIC)
    run = sandbox.run(course.job(asked, course.reference, calls))
    return [Right({}, o, False) for o in run.outcomes if isinstance(o, dict)]


def test_what_is_run_together_is_what_is_run_alone(course: Basis, sandbox: Sandbox) -> None:
    asked, expected = question(course), right(course, sandbox)
    known = KnownMistakes(course, sandbox, None).singles(asked, expected)
    assert len(known) == len(course.mistakes(QUESTION)) and all(k.failed for k in known)
    for some in known[:3]:
        (patch,) = some.patches
        answer = patch.apply(course.reference.answers[QUESTION])
        alone = replace(course.reference, answers={QUESTION: answer})
        run = sandbox.run(course.job(asked, alone, course.calls(asked, PUBLIC)))
        names = [check.name for check in course.checks(asked)]
        assert repr(dict(zip(names, run.outcomes, strict=True))) == repr(some.outcomes)


class Deaf(Sandbox):
    """Runs nothing."""

    def run(self, job: object, limits: Limits | None = None) -> None:  # type: ignore[override]
        raise AssertionError("nothing was to be run")


def plain(known: list[Known]) -> list[object]:
    return [(k.patches, repr(k.outcomes), k.failed, k.vague) for k in known]


def test_pairs_are_kept_and_read_until_something_changes(
    course: Basis, sandbox: Sandbox, kept: Path
) -> None:
    asked, expected = question(course), right(course, sandbox)
    first = KnownMistakes(course, sandbox, kept)
    pairs = first.pairs(asked, expected)
    assert pairs and all(len(k.patches) == 2 for k in pairs)
    again = KnownMistakes(course, Deaf(), kept)
    assert plain(again.pairs(asked, expected)) == plain(pairs)
    assert plain(again.singles(asked, expected)) == plain(first.singles(asked, expected))
    probes = {**course.probes, "transfer": f"{course.probes['transfer']}\n"}
    with pytest.raises(AssertionError, match="nothing was to be run"):
        KnownMistakes(replace(course, probes=probes), Deaf(), kept).singles(asked, expected)
    kept.write_bytes(b"no frame")
    assert plain(KnownMistakes(course, sandbox, kept).singles(asked, expected)) == plain(
        first.singles(asked, expected)
    )


def test_two_mistakes_that_act_on_the_same_number_are_both_told(
    course: Basis, sandbox: Sandbox, kept: Path
) -> None:
    first, second = "soft-targets-multiplied", "soft-images-not-normalised"
    patches = {p.id: p for p in course.mistakes(QUESTION)}
    source = patches[second].apply(patches[first].apply(course.reference.answers[QUESTION]))
    answers = {**course.reference.answers, QUESTION: source}

    def told(kept: Path | None) -> QuestionResult:
        with Grader(course, kept=kept) as grader:
            report = grader.grade(replace(course.reference, answers=answers))
        return next(r for r in report.questions if r.question.id == QUESTION)

    assert set(told(kept).hints) == {first, second}
    assert not told(None).hints  # where there is nowhere to keep them, pairs are not run
