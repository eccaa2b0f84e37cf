"""How the checks of part ``cmc`` call a student's code; runs beside it, knows no answer."""

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader, Dataset

from autograder.sandbox.toolkit import classify, cotangent, fill, gradients, plain, weights


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
    for i, y in enumerate(model(x)):
        (y * cotangent(y, seed + i)).sum().backward()
    grad = torch.zeros_like(x) if x.grad is None else x.grad
    return {"gradient of the input": plain(grad), **gradients(model)}


def scorer(ns, memory_l, memory_ab, K, T=0.1, momentum=0.5):
    """A `CMCScore` whose memory holds the given rows."""
    N, D = memory_l.shape
    contrast = ns.CMCScore(D, N, K, T=T, momentum=momentum)
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


def score(ns, memory_l, memory_ab, l, ab, y, idx, K, T=0.1):
    contrast = scorer(ns, memory_l, memory_ab, K, T)
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
    return out


def memory(ns, memory_l, memory_ab, l, ab, y, idx, K, momentum):
    contrast = scorer(ns, memory_l, memory_ab, K, momentum=momentum)
    contrast(l, ab, y, idx)
    return {
        "`memory_l` afterwards": plain(contrast.memory_l),
        "`memory_ab` afterwards": plain(contrast.memory_ab),
    }


def drawn(ns, N, K, y, seed):
    """Which rows were drawn, read off the scores: row i of the memory scores i + 1 times T."""
    torch.manual_seed(seed)
    contrast = scorer(ns, torch.eye(N), torch.eye(N), K, T=1.0)
    levels = torch.arange(1.0, N + 1)
    unit = (levels / levels.norm()).expand(len(y), N).clone()
    out, last = {}, []
    for name, s in zip(("out_l", "out_ab"), contrast(unit, unit, y), strict=True):
        rows = (s.detach().squeeze(2) * levels.norm()).round().long() - 1
        counts = torch.bincount(rows[:, 1:].flatten().clamp(0, N - 1), minlength=N).double()
        mean = counts.sum() / N
        out[f"column 0 of `{name}` is the positive"] = bool((rows[:, 0] == y).all())
        last.append(bool((rows[:, -1] == y).all()))
        # 60 is beyond the 99.999th percentile of chi-square with 15 degrees of freedom
        out[f"the others of `{name}` are drawn from all rows alike"] = bool(
            ((counts - mean) ** 2 / mean).sum() < 60
        )
    return {**out, "evidence": last}


def loss(ns, name, scores, options=None):
    value = getattr(ns, name)(**(options or {}))(scores)
    return {"loss": plain(value).reshape(-1)[:2], "scores afterwards": plain(scores)}


def loss_gradient(ns, name, scores, options=None):
    scores.requires_grad_(True)
    getattr(ns, name)(**(options or {}))(scores).backward()
    grad = torch.zeros_like(scores) if scores.grad is None else scores.grad
    return {"gradient of the scores": plain(grad)}


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

    def __init__(self):
        super().__init__()
        self.l_encoder, self.ab_encoder = nn.Linear(16, 5), nn.Linear(32, 5)

    def forward(self, x):
        return self.l_encoder(x[:, :1].flatten(1)), self.ab_encoder(x[:, 1:].flatten(1))


class Contrast(nn.Module):
    """A neutral stand-in for `CMCScore` with a memory that stays as it is."""

    def __init__(self, n):
        super().__init__()
        self.register_buffer("rows", torch.linspace(-1, 1, 5 * n).reshape(n, 5))
        self.seen = []

    def forward(self, l, ab, y, idx=None):
        self.seen += y.flatten().tolist()
        out_l, out_ab = l * self.rows[y], (2 + ab) * self.rows[y.flip(0)]
        return out_l.unsqueeze(2), out_ab.unsqueeze(2)


class Square(nn.Module):
    """A neutral stand-in for a loss."""

    def forward(self, scores):
        return (scores**2).mean() + scores.mean()


def train(ns, images, seed, epochs):
    model, contrast = fill(TwoViews(), seed), Contrast(len(images))
    before = weights(model)
    loader = DataLoader(Indexed(images), batch_size=4)
    trained = ns.train_cmc(model, contrast, Square(), Square(), loader, epochs=epochs)
    return trained, before, contrast


def train_returns(ns, images, seed, epochs):
    trained, *_ = train(ns, images, seed, epochs)
    return {"what is returned is the model": isinstance(trained, TwoViews)}


def train_calls(ns, images, seed, epochs):
    _, _, contrast = train(ns, images, seed, epochs)
    return {"places that `contrast` was given": [int(i) for i in contrast.seen]}


def train_step(ns, images, seed, epochs):
    steps = []
    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    trained, before, _ = train(ns, images, seed, epochs)
    hook.remove()
    return {"change of the weights": weights(trained) - before, "evidence": [len(steps)]}


def classes(ns, images, weights):
    from helpers.data.colour import rgb_to_lab
    from helpers.data.lab import CENTRE, SCALE

    lab = (rgb_to_lab(images) - torch.tensor(CENTRE)[:, None, None]) / SCALE
    return {"classes": classify(ns.EncoderCMC_Cat(ns.EncoderCMC()), lab, weights)}
