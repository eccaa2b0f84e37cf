"""The answers of part ``transfer`` beside independent references, and around a real CLIP."""

import ast
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers  # lazily: its classes take seconds
from scipy.special import log_softmax, softmax
from shipped import COURSE
from sklearn.decomposition import PCA
from torch import nn

import helpers
from autograder.authoring.compose import composed
from helpers.learning.mini_clip import ClipRecipe, clip_tokenizer, untrained_clip

ANSWERS = {q.id for q in COURSE.problem_set("ps_transfer").questions} | {"transfer-functions"}


@pytest.fixture(scope="module")
def ns() -> dict[str, Any]:
    """What the answers of the solution notebook define."""
    namespace: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "helpers": helpers}
    notebook = composed(COURSE.problem_set("ps_transfer"), COURSE)
    for cell in nbformat.reads(notebook, as_version=4).cells:
        if cell.id in ANSWERS:
            kinds = (ast.ClassDef, ast.FunctionDef)
            body: list[ast.stmt] = [n for n in ast.parse(cell.source).body if isinstance(n, kinds)]
            exec(compile(ast.Module(body, []), cell.id, "exec"), namespace)
    return namespace


TOKENIZER = clip_tokenizer(["a dark cat"])


@pytest.fixture
def clip() -> "transformers.CLIPModel":
    """A small CLIP of transformers', with random weights."""
    torch.manual_seed(0)
    recipe = ClipRecipe(width=16, heads=2, layers=(1, 1), dim=8)
    return untrained_clip(TOKENIZER, recipe)


def pairs(n: int) -> dict[str, torch.Tensor]:
    """Images and texts for it, of several lengths."""
    texts = ["a cat", "dark", "a dark dark cat", "cat at a cat"][:n]
    tokens = TOKENIZER(texts, padding=True, return_tensors="pt")
    names = ("input_ids", "attention_mask")
    return {"pixel_values": torch.randn(n, 3, 64, 64), **{k: tokens[k] for k in names}}


def unit(x: np.ndarray) -> np.ndarray:
    rows: np.ndarray = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return rows


def features(seed: int, *shapes: tuple[int, int]) -> list[torch.Tensor]:
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.normal(size=s) * rng.uniform(0.1, 9)) for s in shapes]


@pytest.mark.parametrize("n", [1, 2, 6])
def test_the_loss_is_that_of_the_paper(ns: dict[str, Any], n: int) -> None:
    x, t = features(n, (n, 5), (n, 5))
    z = np.exp(1.3) * unit(x.numpy()) @ unit(t.numpy()).T
    expected = -np.diag(log_softmax(z, axis=1) + log_softmax(z, axis=0)).mean() / 2
    scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    loss = ns["clip_loss"](x.requires_grad_(), t.requires_grad_(), scale)
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    assert torch.autograd.gradcheck(ns["clip_loss"], (x, t, scale))


def test_it_is_the_loss_of_transformers(ns: dict[str, Any], clip: "transformers.CLIPModel") -> None:
    out = clip(**pairs(4), return_loss=True)
    again = ns["clip_loss"](3 * out.image_embeds, out.text_embeds, clip.logit_scale)
    assert again.item() == pytest.approx(out.loss.item(), abs=1e-5)


def test_zero_shot_weights_and_probabilities(ns: dict[str, Any]) -> None:
    table: dict[str, np.ndarray] = {}

    def encode(texts: list[str]) -> torch.Tensor:
        for text in texts:
            table.setdefault(text, np.random.default_rng(len(table)).normal(size=6) * 3)
        return torch.tensor(np.stack([table[t] for t in texts]))

    weights = ns["zero_shot_weights"](encode, ["ant", "bee", "cat"], ["{}", "a {}!"])
    for row, name in zip(weights.numpy(), ("ant", "bee", "cat"), strict=True):
        np.testing.assert_allclose(row, unit(unit(table[name]) + unit(table[f"a {name}!"])))
    (x,) = features(1, (20, 6))
    expected = softmax(100 * unit(x.numpy()) @ weights.numpy().T, axis=1)
    probabilities, indices = ns["top_k"](x, weights, k=3)
    np.testing.assert_array_equal(indices, np.argsort(-expected, axis=1))
    np.testing.assert_allclose(probabilities, -np.sort(-expected, axis=1), atol=1e-12)
    labels = torch.tensor(expected.argmax(axis=1))
    labels[:5] = (labels[:5] + 1) % 3
    assert ns["evaluate"](x, labels, weights) == pytest.approx(0.75)


def test_the_plane_is_that_of_scikit_learn(ns: dict[str, Any]) -> None:
    x, t = features(3, (30, 5), (20, 5))
    image_points, text_points, gap = ns["joint_pca"](x, t)
    rows = unit(np.concatenate([x, t]))
    expected = PCA(2).fit_transform(rows)
    found = np.concatenate([image_points, text_points])
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-10)
    assert gap == pytest.approx(np.linalg.norm(rows[:30].mean(axis=0) - rows[30:].mean(axis=0)))


def test_soft_targets_are_those_of_the_formula(ns: dict[str, Any]) -> None:
    x, t = features(4, (5, 4), (5, 4))
    images, texts = unit(x.numpy()), unit(t.numpy())
    z, q = images @ texts.T / 0.3, softmax(texts @ texts.T / 0.3, axis=1)
    expected = -(q * (log_softmax(z, axis=1) + log_softmax(z.T, axis=1))).sum() / 10
    loss = ns["soft_target_loss"](x.requires_grad_(), t.requires_grad_(), 0.3)
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    loss.backward()
    # With the targets held fixed, as finite differences see it.
    step = np.zeros((5, 4))
    step[2, 1] = 1e-6
    moved = [unit(t.detach().numpy() + s * step) for s in (1, -1)]
    ends = [images @ m.T / 0.3 for m in moved]
    losses = [-(q * (log_softmax(e, axis=1) + log_softmax(e.T, axis=1))).sum() / 10 for e in ends]
    assert t.grad is not None
    assert t.grad[2, 1].item() == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-4)


@pytest.mark.parametrize("n", [2, 9])
def test_one_vector_for_everything_is_a_blind_guess(ns: dict[str, Any], n: int) -> None:
    same = torch.ones(n, 3)
    for loss in (
        ns["soft_target_loss"](same, same),
        ns["clip_loss"](same, same, torch.tensor(2.0)),
    ):
        assert loss.item() == pytest.approx(np.log(n), rel=1e-5)


def test_heads_on_a_real_clip_begin_where_it_was(
    ns: dict[str, Any], clip: "transformers.CLIPModel"
) -> None:
    model = ns["MyCLIP"](clip, dim=8)
    for head in (model.image_head, model.text_head):
        nn.init.eye_(head.weight)
        nn.init.zeros_(head.bias)
    batch = pairs(3)
    batch["pixel_values"] = batch["pixel_values"][:2]
    per_image, per_text = model.train()(**batch)
    out = clip(**batch)
    torch.testing.assert_close(per_image, out.logits_per_image)
    torch.testing.assert_close(per_text, out.logits_per_text)
    assert isinstance(clip, transformers.CLIPModel) and not any(m.training for m in clip.modules())
    assert sum(p.requires_grad for p in model.parameters()) == 4


def test_fine_tuning_a_real_clip_changes_what_it_should(
    ns: dict[str, Any], clip: "transformers.CLIPModel"
) -> None:
    model = ns["MyCLIP"](clip, dim=8)
    heads = nn.ModuleList([model.image_head, model.text_head])
    batch = pairs(3)
    before = {k: v.clone() for k, v in model.state_dict().items()}

    def step(*rates: float, **options: Any) -> tuple[float, set[str]]:
        model.load_state_dict(before)
        optimizer = torch.optim.SGD(ns["parameter_groups"](clip, heads, *rates))
        loss = ns["train_step"](model, batch, optimizer, **options)
        moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
        return loss, {k.partition(".")[0] for k in moved}

    assert step(0, 0.1)[1] == {"image_head", "text_head"}
    assert step(0.1, 0)[1] == {"clip"}
    loss, moved = step(0.1, 0.1)
    assert moved == {"clip", "image_head", "text_head"}
    plain = {k: v.clone() for k, v in model.state_dict().items()}
    scaled, _ = step(0.1, 0.1, scaler=torch.amp.GradScaler("cpu", init_scale=2.0**12))
    assert scaled == pytest.approx(loss)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, plain[key], atol=1e-6, rtol=1e-4)
