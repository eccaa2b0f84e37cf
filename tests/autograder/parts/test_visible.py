"""The tests that students see, with all known answers: on a CPU, and on a pretended GPU."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from shipped import COURSE, basis

from autograder.authoring.audit import number_samples
from autograder.grading.basis import Basis
from autograder.grading.mistakes import Patch
from autograder.model import ProblemSet
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job

pytestmark = pytest.mark.slow

PRETEND = Path(__file__).parents[1].joinpath("pretend.py").read_text()
PARTS = {
    "autoencoder": "ps_autoencoder",
    "cmc": "ps_cmc",
    "clip": "ps_clip",
    "transfer": "ps_transfer",
}


UNSEEN = {
    "arguments that no test leaves out": """
        classifier-other-epochs clip-other-default decoder-without-feat-dim heads-other-dim
        retrieve-k-without-default retrieve-other-k score-other-momentum
        score-other-temperature top-k-other-k train-ae-other-epochs train-cmc-other-epochs
    """,
    "what a short training does not show": """
        classifier-always-eval classifier-amsgrad classifier-decay-on-one
        classifier-epoch-repeated classifier-ten-minibatches classifier-zero-grad-of-cls
        heads-no-grad-in-forward
        heads-scale-detached step-clipped step-clipped-while-scaled
        step-clipped-without-scaler step-scaled-loss-returned step-without-autocast
        train-ae-amsgrad train-ae-epoch-repeated train-ae-eval-mode
        train-ae-loss-after-the-step train-ae-scaled-by-size
        train-ae-small-minibatch-skipped train-ae-ten-minibatches train-ae-weight-decay
        train-cmc-amsgrad train-cmc-contrast-called-twice train-cmc-criteria-swapped
        train-cmc-criterion-of-ab-for-both train-cmc-epoch-repeated train-cmc-eval-mode
        train-cmc-mean-of-both train-cmc-shared-criterion train-cmc-ten-minibatches
        train-cmc-weight-decay
        classifier-decay-when-frozen-only heads-no-grad-on-both-sides
        classifier-dropout-left-on classifier-features-by-place
        classifier-some-norms-in-training-mode train-ae-input-rescaled train-ae-noise
        train-ae-noise-clamped train-ae-small-minibatch-counts-less
    """,
    "what is slow, and right": """
        clip-loops-over-pairs retrieve-loops-over-images retrieve-loops-over-matches
    """,
    "what other inputs would show": """
        clip-absolute-cosines clip-negative-cosines-cut
        encoder-first-width-from-in-channels
        attention-query-among-the-patches clip-scale-capped encoder-cmc-unit-rows
        encoder-squeezes evaluate-changes-features evaluate-mean-of-chunks
        gap-changes-features groups-collected-before-thawed groups-head-never-frozen
        head-layer-norm head-short-rows-kept loss-one-side-detached loss-scale-clipped
        nce-noise-inverted probe-balanced retrieve-changes-embeddings
        retrieve-query-normalised-first retrieve-tokens-on-the-cpu retrieve-unsorted
        score-lengths-without-gradient score-negatives-enumerated score-one-draw-for-all
        score-same-draw-each-time soft-log-of-softmax top-k-changes-features
        weights-normalised-on-the-way
        encoder-widths-follow-input clip-log-of-softmax
        decoder-leaky-relu decoder-relu-first decoder-squeezes
        decoder-widths-follow-output encoder-cmc-divides-images
        encoder-cmc-projection-head nce-negatives-detached score-drawn-in-turn
        score-one-side-detached score-without-replacement softmax-log-of-the-mean
        softmax-maximum-of-the-table softmax-negatives-detached clip-batch-emptied
        clip-features-in-the-batch clip-features-squeezed clip-maximum-of-the-table
        head-normalised-twice head-relu-first retrieve-by-distance retrieve-by-softmax
        retrieve-in-bfloat16 retrieve-in-float16 retrieve-with-a-prompt
        retrieve-with-a-prompt-of-a attention-query-divided-by-root-of-dim
        attention-query-divided-too attention-squeezed evaluate-mean-of-chunks-of-100
        evaluate-mean-of-chunks-of-128 evaluate-mean-of-chunks-of-32
        evaluate-mean-of-chunks-of-64 heads-normalised-twice
        loss-scale-clipped-on-both-sides weights-squeezed
    """,
}
"""Mistakes that no test of a second sees, and grading does."""
NOT_SEEN = {id for ids in UNSEEN.values() for id in ids.split()}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(imports=("sklearn.linear_model",)) as sandbox:
        yield sandbox


class Visible:
    """Runs the visible tests of a part's questions."""

    def __init__(self, part: str, sandbox: Sandbox, ps: ProblemSet | None = None) -> None:
        self.basis: Basis = basis(ps or PARTS[part])
        self.part, self.sandbox = part, sandbox
        coded = [q for q in self.basis.problem_set.questions if not q.report]
        self.questions = {q.id: q for q in coded if q.part == part}
        self.answers = {q.id: self.basis.reference.answers[q.id] for q in coded}

    def run(self, question: str, patch: Patch | None, gpu: bool) -> str:
        """What the test said against an answer; "" where it passes."""
        reference = self.basis.reference.answers[question]
        call = Call("visible", {"test": self.basis.release.blank(f"test_{question}"), "gpu": gpu})
        job = Job(
            patch.apply(reference) if patch else reference,
            self.questions[question].names,
            f"{self.basis.probes[self.part]}\n{PRETEND}",
            (call,),
            tuple(self.basis.release.given),
            (patch.cell,) if patch and patch.cell else (),
            tuple(a for id, a in self.answers.items() if id != question),
            self.basis.stand_ins[self.part],
        )
        run = self.sandbox.run(job)
        outcome = run.outcomes[0] if run.outcomes else None
        if isinstance(outcome, Trouble):
            return f"{outcome.type}: {outcome.message}"
        return "" if outcome == {"passed": True} else f"it ended: {run.end}"


@pytest.mark.parametrize("gpu", [False, True], ids=["cpu", "gpu"])
@pytest.mark.parametrize("part", PARTS)
def test_right_answers_pass(sandbox: Sandbox, part: str, gpu: bool) -> None:
    visible = Visible(part, sandbox)
    variants = visible.basis.patches[part].variants
    said = {id: visible.run(id, None, gpu) for id in visible.questions}
    said |= {
        p.id: visible.run(p.question, p, gpu) for p in variants if p.question in visible.questions
    }
    assert {id: text for id, text in said.items() if text} == {}


@pytest.mark.parametrize("part", PARTS)
def test_right_answers_pass_with_other_numbers(sandbox: Sandbox, part: str) -> None:
    for name, ps in number_samples(COURSE.problem_set(PARTS[part]), COURSE).items():
        visible = Visible(part, sandbox, ps)
        said = {id: visible.run(id, None, gpu=False) for id in visible.questions}
        assert {id: text for id, text in said.items() if text} == {}, name


@pytest.mark.parametrize("part", PARTS)
def test_mistakes_are_seen_and_no_less_on_a_gpu(sandbox: Sandbox, part: str) -> None:
    """Forgotten devices, which a GPU shows, are among them."""
    visible = Visible(part, sandbox)
    mistakes = [p for p in visible.basis.patches[part].mistakes if p.question in visible.questions]
    unseen = [p for p in mistakes if not visible.run(p.question, p, gpu=True)]
    assert {p.id for p in unseen} ^ (NOT_SEEN & {p.id for p in mistakes}) == set()
    assert [p.id for p in unseen if visible.run(p.question, p, gpu=False)] == []


FORGOTTEN = {
    ("clip", "clip_model"): (", device=logits.device", ""),
    ("transfer", "clip_loss"): (", device=table.device", ""),
}


@pytest.mark.parametrize(("part", "question"), FORGOTTEN)
def test_a_forgotten_device_shows_on_a_gpu(sandbox: Sandbox, part: str, question: str) -> None:
    find, replace = FORGOTTEN[part, question]
    patch = Patch(id="forgotten", question=question, find=find, replace=replace)
    visible = Visible(part, sandbox)
    assert visible.run(question, patch, gpu=False) == ""
    assert "same device" in visible.run(question, patch, gpu=True)


def test_problem_sets_cover_all_parts() -> None:
    assert {part for id in COURSE.ids for part in COURSE.problem_set(id).parts} == set(PARTS)
