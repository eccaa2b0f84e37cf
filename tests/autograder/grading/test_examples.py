"""The snippets in feedback: they run, show what is wrong, and nothing that a claim may not."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from shipped import basis

from autograder.grading.examples import Examples, alike, shown
from autograder.grading.grade import Grader
from autograder.model import QuestionResult
from autograder.results.files import results


@pytest.fixture(scope="module", params=["ps_cmc", "ps_clip", "ps_transfer"])
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    with Grader(basis(request.param)) as grader:
        yield grader


@pytest.mark.slow
def test_every_snippet_runs_beside_the_reference(grader: Grader) -> None:
    examples = Examples(grader.basis, grader._sandbox)
    for question in grader.basis.problem_set.questions:
        if question.report:
            continue
        values = examples._reference(question)
        assert values and None not in values, f"{question.id} has no snippet, or one that fails"
        for call in examples.calls(question):
            lines = call.inputs["code"].splitlines()
            assert len(lines) <= 40 and max(map(len, lines)) <= 110
        run = [{"value": value} for value in values]
        assert examples.first_wrong(question, run) is None


def graded(question: str, source: str) -> QuestionResult:
    with Grader(basis("ps_transfer")) as grader:
        reference = grader.basis.reference
        report = grader.grade(replace(reference, answers={**reference.answers, question: source}))
        json.dumps(results(report))
    return next(r for r in report.questions if r.question.id == question)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "gave"),
    [
        ("return F.normalize(image_features).sum() * log_scale", "gives 1.6"),
        ("raise ValueError('`\\n```')", "raises ValueError"),
        ("return '`\\n```' * 100", r"gives '`\n```"),
        ("return [image_features] * 100", "gives [[[3, 4], [1, 0], [0.5, -0.5]], [[3, 4]"),
    ],
)
def test_what_a_wrong_answer_gives_stands_beside_what_is_right(body: str, gave: str) -> None:
    header = "def clip_loss(image_features, text_features, log_scale):"
    result = graded("clip_loss", f"{header}\n    {body}\n")
    assert result.example is not None
    *code, said, right = result.example.text.split("\n")
    assert code[-1] == "clip_loss(images, texts, torch.tensor(0.7))"
    assert said.startswith(f"# Your answer {gave}") and len(said) < 1700
    assert right == "# right is 1.032."


@pytest.mark.parametrize(
    ("given", "right", "same"),
    [
        (1.0, 1.0004, True), (1, 1.0, True), (1.0, 1.1, False), (True, 1.0, False),
        ([1.0, [2]], [1.0, [2.0]], True), ([1.0], [1.0, 2.0], False), ("a", "a", True),
        ("1", 1, False), (float("nan"), float("nan"), False), (None, 1.0, False),
        (float("inf"), 1.0, False), ({"a": 1}, 1.0, False),
    ],
)  # fmt: skip
def test_values_are_alike_but_for_rounding(given: object, right: object, same: bool) -> None:
    assert alike(given, right) is same


def test_a_long_value_is_shown_in_part() -> None:
    assert shown([0.123456, True, "a\n`b`", [1]]) == r"[0.1235, True, 'a\n`b`', [1]]"
    assert shown(list(range(100))).endswith("21, 22, …]") and len(shown("x" * 999)) == 60
    assert shown(float("nan")) == "nan" and shown([]) == "[]"
    deep: list[object] = []
    for _ in range(50):
        deep = [deep]
    assert shown(deep).count("[") < 30
