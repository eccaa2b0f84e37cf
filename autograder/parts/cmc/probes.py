"""How the checks of part ``cmc`` call a student's code; runs beside it, knows no answer."""

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import Dataset

from autograder.sandbox.on_gpu import OnGPU, moved
from autograder.sandbox.toolkit import (
    classify,
    cotangent,
    defaults,
    fill,
    gradients,
    loader,
    plain,
    weights,
)


def shape(ns, x):
    feat_l, feat_ab = ns.EncoderCMC()(x)
    return {"shape of `feat_l`": list(feat_l.shape), "shape of `feat_ab`": list(feat_ab.shape)}


def halves(ns, x, seed):
    model = fill(ns.EncoderCMC(), seed)
    return {
        "what `l_encoder` makes of L": plain(model.l_encoder(x[:, :1]).flatten(1)),
        "what `ab_encoder` makes of a and b": plain(model.ab_encoder(x[:, 1:]).flatten(1)),
    }


def encode(ns, x, seed):
    feat_l, feat_ab = fill(ns.EncoderCMC(), seed)(x)
    return {
        "`feat_l`": plain(feat_l),
        "`feat_ab`": plain(feat_ab),
        "input afterwards": plain(x),
    }


def encode_gradient(ns, x, seed):
    model = fill(ns.EncoderCMC(), seed)
    x.requires_grad_(True)
    total = sum((y * cotangent(y, seed + i)).sum() for i, y in enumerate(model(x)))
    if total.requires_grad:
        total.backward()
    grad = torch.zeros_like(x) if x.grad is None else x.grad
    return {"gradient of the input": plain(grad), **gradients(model)}


def scorer(ns, memory_l, memory_ab, K, **options):
    """A `CMCScore` whose memory holds the given rows."""
    N, D = memory_l.shape
    contrast = ns.CMCScore(D, N, K, **options)
    with torch.no_grad():
        contrast.memory_l.copy_(memory_l)
        contrast.memory_ab.copy_(memory_ab)
    return contrast


def score_shape(ns, many, N, K, seed):
    torch.manual_seed(seed)
    out = {}
    contrast = ns.CMCScore(6, N, K)
    for B in (many, 1):
        scores = contrast(torch.randn(B, 6), torch.randn(B, 6), torch.arange(B))
        for name, s in zip(("out_l", "out_ab"), scores, strict=True):
            out[f"shape of `{name}` for a batch of {B}"] = list(s.shape)
    return out


def score(ns, memory_l, memory_ab, l, ab, y, idx, K, **options):
    contrast = scorer(ns, memory_l, memory_ab, K, **options)
    out_l, out_ab = contrast(l, ab, y, idx)
    return {
        "`out_l`": plain(out_l),
        "`out_ab`": plain(out_ab),
        "`l` afterwards": plain(l),
        "`ab` afterwards": plain(ab),
    }


def score_gradient(ns, memory_l, memory_ab, l, ab, y, idx, K, seed):
    contrast = scorer(ns, memory_l, memory_ab, K)
    l.requires_grad_(True)
    ab.requires_grad_(True)
    for i, s in enumerate(contrast(l, ab, y, idx)):
        if s.requires_grad:
            (s * cotangent(s, seed + i)).sum().backward(retain_graph=True)
    out = {}
    for name, x in (("`l`", l), ("`ab`", ab)):
        out[f"gradient of {name}"] = plain(torch.zeros_like(x) if x.grad is None else x.grad)
    memories = (contrast.memory_l, contrast.memory_ab)
    out["the memory learns by gradient"] = any(m.requires_grad for m in memories)
    out["the memory is saved with it"] = {"memory_l", "memory_ab"} <= set(contrast.state_dict())
    return out


def memory(ns, memory_l, memory_ab, l, ab, y, idx, K, **options):
    contrast = scorer(ns, memory_l, memory_ab, K, **options)
    contrast(l, ab, y, idx)
    return {
        "`memory_l` after the call": plain(contrast.memory_l),
        "`memory_ab` after the call": plain(contrast.memory_ab),
    }


def rows_drawn(ns, N, K, y, seed, calls):
    """Which rows were drawn in each call, read off the scores: row i scores i + 1 times T."""
    torch.manual_seed(seed)
    contrast = scorer(ns, torch.eye(N), torch.eye(N), K, T=1.0, momentum=1.0)
    levels = torch.arange(1.0, N + 1)
    unit = (levels / levels.norm()).expand(len(y), N).clone()
    for _ in range(calls):
        scores = contrast(unit, unit, y)
        yield [(s.detach().squeeze(2) * levels.norm()).round() - 1 for s in scores]


def drawn(ns, N, K, y, seed):
    out, last = {}, []
    first, again = rows_drawn(ns, N, K, y, seed, calls=2)
    for name, rows, next_rows in zip(("out_l", "out_ab"), first, again, strict=True):
        counts = torch.bincount(rows[:, 1:].long().flatten().clamp(0, N - 1), minlength=N).double()
        mean = counts.sum() / N
        spread = ((counts - mean) ** 2 / mean).sum()
        out[f"column 0 of `{name}` is the positive"] = bool((rows[:, 0] == y).all())
        last.append(bool((rows[:, -1] == y).all()))
        # Chi-square with 15 degrees of freedom is outside of this once in a million times.
        out[f"the others of `{name}` are drawn from all rows alike"] = bool(1.4 < spread < 60)
        out[f"each image of `{name}` has its own"] = bool((rows[0, 1:] != rows[1, 1:]).any())
        out[f"each call of `{name}` has its own"] = bool((rows[:, 1:] != next_rows[:, 1:]).any())
    out["both views have the same"] = torch.equal(*first)
    return {**out, "evidence": last}


def repeated(ns, N, K, y, seed):
    (found,) = rows_drawn(ns, N, K, y, seed, calls=1)
    return {
        f"each image of `{name}` has some row more than once": all(
            len(r.unique()) < K for r in rows
        )
        for name, rows in zip(("out_l", "out_ab"), (x[:, 1:] for x in found), strict=True)
    }


def loss(ns, name, scores, options=None):
    value = getattr(ns, name)(**(options or {}))(scores)
    return {"loss": plain(value).reshape(-1)[:2], "scores afterwards": plain(scores)}


def loss_gradient(ns, name, scores, options=None):
    scores.requires_grad_(True)
    getattr(ns, name)(**(options or {}))(scores).backward()
    grad = torch.zeros_like(scores) if scores.grad is None else scores.grad
    return {"gradient of the scores": plain(grad)}


def loss_on_gpu(ns, name, scores, options=None):
    with OnGPU():
        value = getattr(ns, name)(**(options or {}))(moved(scores)).cpu()
    return {"loss": plain(value)}


class Indexed(Dataset):
    """Images, no labels, and their places, which run backwards."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], -1, len(self.images) - 1 - i


class TwoViews(nn.Module):
    """A neutral stand-in for `EncoderCMC`: images (B, 3, 4, 4) to two features (B, 5)."""

    def __init__(self, norm=False):
        super().__init__()
        self.l_encoder, self.ab_encoder = nn.Linear(16, 5), nn.Linear(32, 5)
        self.norm = nn.BatchNorm1d(16, affine=False) if norm else nn.Identity()  # shows the mode

    def forward(self, x):
        l, ab = self.norm(x[:, :1].flatten(1)), x[:, 1:].flatten(1)
        return self.l_encoder(l), self.ab_encoder(ab)


class Contrast(nn.Module):
    """A neutral stand-in for `CMCScore` with a memory that stays as it is.

    Scores have very different sizes. The smallest have gradients like the epsilon of Adam, which
    then shows by which factor a loss is wrong.
    """

    def __init__(self, n):
        super().__init__()
        sizes = torch.tensor([1.0, 0.5, 1e-2, 1e-4, 1e-7])
        rows = torch.linspace(-1, 1, 5 * n).reshape(n, 5) * sizes
        self.rows = nn.Parameter(rows, requires_grad=False)
        self.seen, self.K = [], 4

    def forward(self, l, ab, y, idx=None):
        self.seen += y.flatten().tolist()
        rows = self.rows if idx is None else -self.rows
        out_l = l * rows.index_select(0, y)
        out_ab = (2 + ab) * rows.index_select(0, y.flip(0))
        return out_l.unsqueeze(2), out_ab.unsqueeze(2)


class Square(nn.Module):
    """A neutral stand-in for a loss; those of the two views are different."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, scores):
        return (scores**2).mean() + self.slope * scores.mean()


def train(ns, images, seed, epochs, norm=False, shuffled=False):
    model, contrast = fill(TwoViews(norm), seed), Contrast(len(images))
    before = weights(model)
    batches = loader(Indexed(images), seed if shuffled else None)
    trained = ns.train_cmc(model, contrast, Square(1.0), Square(-0.5), batches, epochs=epochs)
    return trained, before, contrast


def train_returns(ns, images, seed, epochs):
    trained, *_ = train(ns, images, seed, epochs)
    return {
        "what is returned is the model": isinstance(trained, TwoViews),
        **defaults(ns.train_cmc, "epochs"),
    }


def train_calls(ns, images, seed, epochs):
    _, _, contrast = train(ns, images, seed, epochs, shuffled=True)
    return {"places that `contrast` was given": [int(i) for i in contrast.seen]}


def train_step(ns, images, seed, epochs, norm=False):
    steps = []
    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    trained, before, _ = train(ns, images, seed, epochs, norm)
    hook.remove()
    return {"change of the weights": weights(trained) - before, "evidence": [len(steps)]}


def train_on_gpu(ns, images, seed, epochs):
    with OnGPU():
        trained, before, _ = train(ns, images, seed, epochs)
    return {"change of the weights": weights(trained) - before}


def classes(ns, images, weights):
    from helpers.data.colour import rgb_to_lab
    from helpers.data.lab import CENTRE, SCALE

    lab = (rgb_to_lab(images) - torch.tensor(CENTRE)[:, None, None]) / SCALE
    return {"classes": classify(ns.EncoderCMC_Cat(ns.EncoderCMC()), lab, weights)}
