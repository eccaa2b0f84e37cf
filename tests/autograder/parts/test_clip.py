"""The contrastive loss beside independent references, and what costs which question."""

import ast
import dataclasses
import json
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import logsumexp
from shipped import COURSE, basis
from torch import nn

from autograder.authoring.audit import splice
from autograder.authoring.compose import composed
from autograder.grading.grade import Grader
from autograder.grading.mistakes import load_patches
from autograder.parts.declare import load_part
from autograder.reading.answers import read_notebook

pytestmark = pytest.mark.slow

PS = COURSE.problem_set("ps_clip")
TRAINABLE = dataclasses.replace(PS, options={**PS.options, "text_encoder": "trainable"})


@pytest.fixture(scope="module")
def clip() -> dict[str, Any]:
    """The answers of the solution notebook, around encoders and heads that change nothing."""

    class Same(nn.Module):
        def __init__(self, *sizes: int) -> None:
            super().__init__()

        def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
            return x

    namespace: dict[str, Any] = {
        "torch": torch,
        "nn": nn,
        "F": F,
        "ImageEncoder": Same,
        "TextEncoder": Same,
    }
    for cell in nbformat.reads(composed(PS, COURSE), as_version=4).cells:
        if cell.id in ("projection_head", "clip_model"):
            classes: list[ast.stmt] = [
                n for n in ast.parse(cell.source).body if isinstance(n, ast.ClassDef)
            ]
            exec(compile(ast.Module(classes, []), cell.id, "exec"), namespace)
    namespace["Same"] = Same
    return namespace


def unit(
    rng: np.random.Generator, n: int, d: int, dtype: type[np.floating[Any]] = np.float64
) -> np.ndarray:
    rows = rng.standard_normal((n, d)).astype(dtype)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("temperature", [0.005, 0.07, 1.0])
def test_the_loss_is_that_of_the_formula(
    clip: dict[str, Any], monkeypatch: pytest.MonkeyPatch, n: int, temperature: float
) -> None:
    monkeypatch.setitem(clip, "ProjectionHead", clip["Same"])
    rng = np.random.default_rng(n)
    images, texts = unit(rng, n, 5), unit(rng, n, 5)
    model = clip["CLIPModel"](temperature)

    def loss(images: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        batch = {"image": images, "input_ids": texts, "attention_mask": None}
        loss: torch.Tensor = model(batch)
        return loss

    z = images @ texts.T / temperature
    rows, columns = logsumexp(z, axis=1), logsumexp(z, axis=0)
    expected = ((rows + columns) / 2 - np.diag(z)).mean()
    x, y = (torch.tensor(v, requires_grad=True) for v in (images, texts))
    assert loss(x, y).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    if temperature > 0.01:
        assert torch.autograd.gradcheck(loss, (x, y))


def test_equal_features_are_at_chance(
    clip: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(clip, "ProjectionHead", clip["Same"])
    same = torch.ones(32, 4) / 2
    loss = clip["CLIPModel"]()({"image": same, "input_ids": same, "attention_mask": None})
    assert float(loss) == pytest.approx(np.log(32), rel=1e-6)


def test_the_head_has_length_one_and_a_gradient_across_it(clip: dict[str, Any]) -> None:
    head = clip["ProjectionHead"](6, 4).double()
    x = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    out = head(x)
    np.testing.assert_allclose(out.norm(dim=1).detach(), 1)
    assert torch.autograd.gradcheck(head, (x,))
    # What only makes a feature longer does not change its direction.
    (grad,) = torch.autograd.grad((out * torch.randn(3, 4)).sum(), head.linear.bias)
    assert grad.shape == (4,)


def graded(grader: Grader, notebook: dict[str, Any]) -> dict[str, tuple[float, str | None]]:
    report = grader.grade(read_notebook(notebook, grader.release, "student"))
    return {r.question.id: (r.score, r.mistake) for r in report.questions}


@pytest.fixture(scope="module")
def solution() -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(composed(PS, COURSE))
    return notebook


def with_answers(notebook: dict[str, Any], **edits: list[tuple[str, str]]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(notebook))
    for cell in changed["cells"]:
        for old, new in edits.get(cell["id"], ()):
            assert "".join(cell["source"]).count(old) == 1
            cell["source"] = "".join(cell["source"]).replace(old, new)
    return changed


def test_normalising_in_the_model_costs_the_head_alone(solution: dict[str, Any]) -> None:
    notebook = with_answers(
        solution,
        projection_head=[("F.normalize(self.linear(x), dim=1)", "self.linear(x)")],
        clip_model=[
            ("logits = images @", "images = F.normalize(images, dim=1)\n        logits = images @"),
            ("texts.T / self", "F.normalize(texts, dim=1).T / self"),
        ],
    )
    with Grader(basis(PS)) as grader:
        found = graded(grader, notebook)
    score, mistake = found["projection_head"]
    assert score < 1 and mistake == "head-not-normalised"
    assert found["clip_model"] == (2, None) and found["retrieve_images"] == (1, None)


def test_a_text_encoder_that_is_to_learn_needs_its_gradient(solution: dict[str, Any]) -> None:
    """What is right for a frozen one is a known mistake then."""
    part = load_part("clip")
    variants = load_patches(part).fitting(part.values(PS.options)).variants
    frozen = next(p for p in variants if p.id == "clip-text-encoder-under-no-grad")
    with Grader(basis(TRAINABLE)) as grader:
        score, mistake = graded(grader, splice(solution, frozen))["clip_model"]
    assert score < 2 and mistake == "clip-text-encoder-without-gradient"


def test_the_notebook_follows_the_option() -> None:
    frozen, trainable = composed(PS, COURSE), composed(TRAINABLE, COURSE)
    assert "stays **frozen**" in frozen and "stays **frozen**" not in trainable
    assert "the text encoder 1e-5" in trainable and "the text encoder 1e-5" not in frozen
    assert r"TEXT_ENCODER = \"frozen\"" in frozen
    assert r"TEXT_ENCODER = \"trainable\"" in trainable
