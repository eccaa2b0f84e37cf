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


OUT_OF_REACH = {"clip-text-encoder-of-its-own"}
"""Right answers whose own encoder reads tokens, where the visible test gives rows of a matrix."""


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
    variants = [p for p in visible.basis.patches[part].variants if p.id not in OUT_OF_REACH]
    said = {id: visible.run(id, None, gpu) for id in visible.questions}
    said |= {
        p.id: visible.run(p.question, p, gpu) for p in variants if p.question in visible.questions
    }
    assert {id: text for id, text in said.items() if text} == {}


@pytest.mark.parametrize("part", PARTS)
def test_a_gpu_sees_no_less_than_a_cpu(sandbox: Sandbox, part: str) -> None:
    """A mistake that a test sees is seen on a GPU as well, where forgotten devices are, too."""
    visible = Visible(part, sandbox)
    for patch in visible.basis.patches[part].mistakes:
        if patch.question in visible.questions and not visible.run(patch.question, patch, gpu=True):
            assert not visible.run(patch.question, patch, gpu=False), patch.id


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
