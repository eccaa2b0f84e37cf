"""The tests that students see, with all known answers: on a CPU, and on a pretended GPU."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from shipped import COURSE, basis

from autograder.grading.basis import Basis
from autograder.grading.mistakes import Patch
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
    "clip-loops-over-pairs",
    "retrieve-loops-over-matches",
    "retrieve-loops-over-images",
}
"""Mistakes that no short test sees: they are slow, and right."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(imports=("sklearn.linear_model",)) as sandbox:
        yield sandbox


class Visible:
    """Runs the visible tests of a part's questions."""

    def __init__(self, part: str, sandbox: Sandbox) -> None:
        self.basis: Basis = basis(PARTS[part])
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
def test_mistakes_are_seen_and_no_less_on_a_gpu(sandbox: Sandbox, part: str) -> None:
    """Forgotten devices, which a GPU shows, are among them."""
    visible = Visible(part, sandbox)
    mistakes = [p for p in visible.basis.patches[part].mistakes if p.question in visible.questions]
    unseen = [p for p in mistakes if not visible.run(p.question, p, gpu=True)]
    assert {p.id for p in unseen} <= UNSEEN
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
