"""How far wrong answers got, told from what they compute, in whatever way they compute it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from shipped import COURSE, basis

from autograder.grading.grade import Grader
from autograder.grading.marks import ASIDE, MARK
from autograder.grading.steps import grouped, progress
from autograder.model import QuestionResult, Steps

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((3, 4)), RNG.standard_normal((2, 3, 5))


@pytest.mark.parametrize(
    ("computed", "seen"),
    [
        (A, True), (A.T, True), (A.reshape(2, 6), True), (A.T.ravel(), True),
        (A * (1 + 1e-7), True), (A.astype(np.float32), True),
        (A[::-1].copy(), False), (A[:, [1, 0, 2, 3]], False), (np.sort(A, axis=None), False),
        (-A, False), (A + 1e-3, False), (A[:2], False), (A * np.nan, False),
    ],
)  # fmt: skip
def test_a_step_is_seen_in_any_layout(computed: np.ndarray, seen: bool) -> None:
    found = progress([("a", [A]), ("b", [B])], [B, computed], {})
    assert found is not None
    assert found.seen == (["a", "b"] if seen else ["b"])
    assert (found.missed is None) == seen


@pytest.mark.parametrize("factor", [14.3, 0.07, -1.0, -2.0])
def test_a_factor_is_told(factor: float) -> None:
    found = progress([("b", [B]), ("a", [A])], [B, A.T * factor], {})
    size = abs(factor)
    says = f"{size:.3g} times too large" if size > 1 else f"{1 / size:.3g} times too small"
    assert found is not None and found.missed is not None
    assert (says in found.missed) == (size != 1)
    assert ("opposite sign" in found.missed) == (factor < 0)


def test_where_no_step_was_reached_nothing_is_told() -> None:
    assert progress([("a", [A]), ("b", [B])], [A / 16], {}) is None
    assert progress([("b", [B]), ("a", [A])], [], {}) is None


def test_the_last_step_in_another_order_is_told() -> None:
    found = progress([("b", [B]), ("a", [A])], [B, A.T], {})
    assert found == Steps(["b", "a"], "a in their order: is an axis taken for another?")
    assert progress([("b", [B]), ("a", [A])], [B, A.T, A.ravel()], {}) == Steps(["b", "a"])
    assert progress([("a", [A]), ("b", [B])], [A.T, B], {}) == Steps(["a", "b"])


def test_what_a_later_step_needs_is_not_called_missing() -> None:
    steps = [("b", [B]), ("a", [A]), ("both", [A, B])]
    c = RNG.standard_normal(7)
    assert progress([*steps[:2], ("c", [c])], [B, c], {"c": {"a"}}) == Steps(["b", "c"])
    assert progress([*steps[:2], ("c", [c])], [B, c], {"c": {"b"}}) == Steps(["b", "c"], "a")
    assert progress(steps, [B], {}) == Steps(["b"], "a")
    assert progress(steps, [A, B], {}) == Steps(["b", "a", "both"])
    assert progress(steps, [], {}) is None


def test_zeros_and_ones_tell_nothing() -> None:
    assert grouped([("zeros", np.zeros((2, 2))), ("a", A), ("none", np.zeros(0)), ("a", B)]) == [
        ("a", [A, B])
    ]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(basis("ps_transfer")) as grader:
        yield grader


def graded(grader: Grader, question: str, source: str) -> QuestionResult:
    reference = grader.basis.reference
    answers = {**reference.answers, question: source}
    report = grader.grade(replace(reference, answers=answers))
    return next(r for r in report.questions if r.question.id == question)


UNIT = ["the unit image features", "the unit text features"]
TABLE, IMAGES = "the scaled cosines of all pairs", "the cross entropy of the images"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "seen", "missed"),
    [
        # Divided by the scale, with other means than the solution's.
        ("i = image_features / image_features.norm(dim=1, keepdim=True)\n"
         "t = text_features / text_features.norm(dim=1, keepdim=True)\n"
         "s = torch.einsum('id,jd->ij', i, t) / log_scale.exp()\n"
         "return -s.log_softmax(1).diagonal().mean()",
         UNIT, "times too small"),
        # The right table, which never has unit rows of its own, and one direction.
        ("s = F.cosine_similarity(image_features[:, None], text_features[None], dim=2)\n"
         "s = s * log_scale.exp()\n"
         "return F.cross_entropy(s, torch.arange(len(s)))",
         [TABLE, IMAGES], "the cross entropy of the texts"),
        # Texts of any length.
        ("i = F.normalize(image_features)\ns = log_scale.exp() * i @ text_features.T\n"
         "y = torch.arange(len(s))\nreturn (F.cross_entropy(s, y) + F.cross_entropy(s.T, y)) / 2",
         UNIT[:1], UNIT[1]),
        ("return image_features.sum() * 0 + 1", None, None),
        ("raise ValueError('no')", None, None),
    ],
)  # fmt: skip
def test_wrong_losses(
    grader: Grader, body: str, seen: list[str] | None, missed: str | None
) -> None:
    lines = "\n    ".join(body.split("\n"))
    header = "def clip_loss(image_features, text_features, log_scale):"
    result = graded(grader, "clip_loss", f"{header}\n    {lines}\n")
    assert not result.passed and not result.fault
    if seen is None:
        assert result.steps is None
        return
    assert result.steps is not None and result.steps.seen == seen
    assert missed is not None and missed in str(result.steps.missed)


@pytest.mark.slow
def test_two_mistakes_in_one_answer_are_both_told(grader: Grader) -> None:
    both = ["weights-mean-not-normalised", "top-k-softmax-over-images"]
    patches = {p.id: p for p in grader.basis.mistakes("zero_shot")}
    source = grader.basis.reference.answers["zero_shot"]
    for id in both:
        source = patches[id].apply(source)
    result = graded(grader, "zero_shot", source)
    assert {result.mistake, *result.also} == set(both)


@pytest.mark.slow
def test_a_right_answer_has_no_steps_to_tell(grader: Grader) -> None:
    reference = grader.basis.reference
    result = graded(grader, "clip_loss", reference.answers["clip_loss"])
    assert result.passed and result.steps is None


@pytest.mark.slow
@pytest.mark.parametrize("ps_id", COURSE.ids)
def test_every_question_that_computes_has_steps_that_its_reference_takes(ps_id: str) -> None:
    with Grader(basis(ps_id)) as grader:
        for question in grader.problem_set.questions:
            if question.report:
                continue
            source = grader.basis.reference.answers[question.id]
            marked = MARK.findall(ASIDE.sub("", source)) + [m[2] for m in ASIDE.findall(source)]
            taken = {text for steps in grader._code._how_far._steps(question) for text, _ in steps}
            assert taken == set(marked) and len(taken) >= 3, question.id


def test_memory_that_was_never_written_to_is_passed_over() -> None:
    bits = np.full(A.size, 0x7F800001, np.uint32)  # a NaN that warns when it is cast
    assert progress([("b", [B]), ("a", [A])], [bits.view(np.float32), B], {}) == Steps(["b"], "a")
