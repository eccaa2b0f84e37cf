"""The contrastive loss beside independent references, and what costs which question."""

import ast
import dataclasses
import json

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import logsumexp
from torch import nn

from autograder.authoring.audit import splice
from autograder.authoring.release import compose, composed
from autograder.course.table import PUBLIC_SECRET, problem_set
from autograder.grading.grade import Grader
from autograder.grading.mistakes import load_patches
from autograder.parts.declare import load_part
from autograder.paths import ROOT
from autograder.reading.answers import read_notebook

PS = problem_set("ps_clip")
TRAINABLE = dataclasses.replace(PS, options={"text_encoder": "trainable"})


@pytest.fixture(scope="module")
def clip():
    """The answers of the solution notebook, around encoders and heads that change nothing."""

    class Same(nn.Module):
        def __init__(self, *sizes):
            super().__init__()

        def forward(self, x, mask=None):
            return x

    namespace = {"torch": torch, "nn": nn, "F": F, "ImageEncoder": Same, "TextEncoder": Same}
    for cell in nbformat.read(ROOT / "solutions" / "clip.ipynb", as_version=4).cells:
        if cell.id in ("projection_head", "clip_model"):
            classes = [n for n in ast.parse(cell.source).body if isinstance(n, ast.ClassDef)]
            exec(compile(ast.Module(classes, []), cell.id, "exec"), namespace)
    namespace["Same"] = Same
    return namespace


def unit(rng, n, d, dtype=np.float64):
    rows = rng.standard_normal((n, d)).astype(dtype)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("temperature", [0.005, 0.07, 1.0])
def test_the_loss_is_that_of_the_formula(clip, monkeypatch, n, temperature):
    monkeypatch.setitem(clip, "ProjectionHead", clip["Same"])
    rng = np.random.default_rng(n)
    images, texts = unit(rng, n, 5), unit(rng, n, 5)
    model = clip["CLIPModel"](temperature)

    def loss(images, texts):
        return model({"image": images, "input_ids": texts, "attention_mask": None})

    z = images @ texts.T / temperature
    rows, columns = logsumexp(z, axis=1), logsumexp(z, axis=0)
    expected = ((rows + columns) / 2 - np.diag(z)).mean()
    x, y = (torch.tensor(v, requires_grad=True) for v in (images, texts))
    assert loss(x, y).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    if temperature > 0.01:
        assert torch.autograd.gradcheck(loss, (x, y))


def test_equal_features_are_at_chance(clip, monkeypatch):
    monkeypatch.setitem(clip, "ProjectionHead", clip["Same"])
    same = torch.ones(32, 4) / 2
    loss = clip["CLIPModel"]()({"image": same, "input_ids": same, "attention_mask": None})
    assert float(loss) == pytest.approx(np.log(32), rel=1e-6)


def test_the_head_has_length_one_and_a_gradient_across_it(clip):
    head = clip["ProjectionHead"](6, 4).double()
    x = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    out = head(x)
    np.testing.assert_allclose(out.norm(dim=1).detach(), 1)
    assert torch.autograd.gradcheck(head, (x,))
    # What only makes a feature longer does not change its direction.
    (grad,) = torch.autograd.grad((out * torch.randn(3, 4)).sum(), head.linear.bias)
    assert grad.shape == (4,)


def graded(grader, notebook):
    report = grader.grade(read_notebook(notebook, grader.release, "student"))
    return {r.question.id: (r.score, r.mistake) for r in report.questions}


@pytest.fixture(scope="module")
def solution():
    compose(PS)
    return json.loads(composed(PS))


def with_answers(notebook, **edits):
    changed = json.loads(json.dumps(notebook))
    for cell in changed["cells"]:
        for old, new in edits.get(cell["id"], ()):
            assert "".join(cell["source"]).count(old) == 1
            cell["source"] = "".join(cell["source"]).replace(old, new)
    return changed


def test_normalising_in_the_model_costs_the_head_alone(solution):
    notebook = with_answers(
        solution,
        projection_head=[("F.normalize(self.linear(x), dim=1)", "self.linear(x)")],
        clip_model=[
            ("logits = images @", "images = F.normalize(images, dim=1)\n        logits = images @"),
            ("texts.T / self", "F.normalize(texts, dim=1).T / self"),
        ],
    )
    with Grader(PS, secret=PUBLIC_SECRET) as grader:
        found = graded(grader, notebook)
    score, mistake = found["projection_head"]
    assert score < 1 and mistake == "head-not-normalised"
    assert found["clip_model"] == (2, None) and found["retrieve_images"] == (1, None)


def test_a_text_encoder_that_is_to_learn_needs_its_gradient(solution):
    patches, variants = load_patches(load_part("clip").folder)
    cut = next(p for p in patches if p.id == "clip-text-encoder-without-gradient")
    frozen = next(p for p in variants if p.id == "clip-text-encoder-under-no-grad")
    with Grader(TRAINABLE, secret=PUBLIC_SECRET) as grader:
        assert graded(grader, solution)["clip_model"] == (2, None)
        for patch in (cut, frozen):
            score, mistake = graded(grader, splice(solution, patch))["clip_model"]
            assert score < 2 and mistake == cut.id
    with Grader(PS, secret=PUBLIC_SECRET) as grader:
        assert graded(grader, splice(solution, frozen))["clip_model"] == (2, None)


def test_the_notebook_follows_the_option():
    frozen, trainable = composed(PS), composed(TRAINABLE)
    assert "stays **frozen**" in frozen and "stays **frozen**" not in trainable
    assert "the text encoder 1e-5" in trainable and "the text encoder 1e-5" not in frozen
    assert r"TEXT_ENCODER = \"frozen\"" in frozen
    assert r"TEXT_ENCODER = \"trainable\"" in trainable
