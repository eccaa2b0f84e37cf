"""How the checks of part ``autoencoder`` call a student's code; runs beside it, knows no answer."""

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import TensorDataset

from autograder.sandbox.on_gpu import OnGPU
from autograder.sandbox.toolkit import (
    classify,
    cotangent,
    defaults,
    fill,
    gradients,
    loader,
    numbers,
    plain,
    weights,
)

LARGE = 30


class Pieces(nn.Module):
    """A neutral stand-in for an autoencoder: images (B, 3, 8, 8) to images.

    It counts how often a gradient comes back through it. Its features are large, and so are the
    gradients of bright images. A batch norm shows the mode.
    """

    def __init__(self, seed, norm=False):
        super().__init__()
        self.backwards = 0
        self.encoder = nn.Sequential(nn.Conv2d(3, 5, 4, stride=2, padding=1), nn.Tanh())
        self.norm = nn.BatchNorm2d(5) if norm else nn.Identity()
        self.decoder = nn.Sequential(nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1), nn.Sigmoid())
        fill(self, seed)
        with torch.no_grad():
            self.decoder[0].weight /= LARGE

    def forward(self, x):
        y = self.decoder(LARGE * self.norm(self.encoder(x)))
        if y.requires_grad:
            y.register_hook(self.count)
        return y

    def count(self, grad):
        self.backwards += 1


def shape(ns, name, x):
    y = getattr(ns, name)()(x)
    return {"shape of the output": [int(n) for n in y.shape], "dtype": plain(y).dtype.name}


def parameters(ns, name, attribute=None):
    model = getattr(ns, name)()
    out = {"trainable parameters": sum(p.numel() for p in model.parameters() if p.requires_grad)}
    if attribute:
        found = isinstance(getattr(model, attribute, None), nn.Module)
        out[f"`self.{attribute}`"] = "a module" if found else "no module"
    return out


def forward(ns, name, x, seed, options=None):
    model = fill(getattr(ns, name)(**(options or {})), seed)
    y = model(x)
    return {"output": plain(y), "input afterwards": plain(x)}


def gradient(ns, name, x, seed):
    model = fill(getattr(ns, name)(), seed)
    x.requires_grad_(True)
    y = model(x)
    (y * cotangent(y, seed)).sum().backward()
    grad = torch.zeros_like(x) if x.grad is None else x.grad
    return {"gradient of the input": plain(grad), **gradients(model)}


def train_ae(ns, images, labels, seed, epochs, model=None, shuffled=False):
    model = model or Pieces(seed)
    before = weights(model)
    batches = loader(TensorDataset(images, labels), seed if shuffled else None)
    trained, losses = ns.train_ae(model, batches, epochs=epochs)
    return trained, losses, weights(trained) - before


def train_ae_returns(ns, images, labels, seed, epochs):
    trained, losses, _ = train_ae(ns, images, labels, seed, epochs)
    return {
        "the first of the two is the model": isinstance(trained, Pieces),
        "length of `loss_traj`": len(numbers(losses)),
        **defaults(ns.train_ae, "epochs"),
    }


def train_ae_loss(ns, images, labels, seed, epochs):
    _, losses, _ = train_ae(ns, images, labels, seed, epochs, shuffled=True)
    return {"`loss_traj`": np.array([float(v) for v in losses])}


def train_ae_step(ns, images, labels, seed, epochs):
    steps = []
    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    trained, _, change = train_ae(ns, images, labels, seed, epochs)
    hook.remove()
    return {"change of the weights": change, "evidence": [trained.backwards, len(steps)]}


def train_ae_mode(ns, images, labels, seed, epochs):
    model = Pieces(seed, norm=True)
    _, _, change = train_ae(ns, images, labels, seed, epochs, model)
    return {"change of the weights": change}


def train_ae_on_gpu(ns, images, labels, seed, epochs):
    with OnGPU():
        _, _, change = train_ae(ns, images, labels, seed, epochs)
    return {"change of the weights": change}


class Features(nn.Module):
    """A neutral stand-in for an encoder: images (B, 3, 8, 8) to features (B, 5, 2, 2)."""

    def __init__(self, norm=False):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 4, stride=4)
        self.norm = nn.BatchNorm2d(5) if norm else nn.Identity()

    def forward(self, x):
        return self.norm(torch.tanh(self.conv(x)))


class Statistics(nn.Module):
    """Features (B, 20) on which each of several kinds of layers shows in which mode it is."""

    def __init__(self, seed):
        super().__init__()
        self.features = fill(Features(norm=True), seed)
        self.norms = [self.features.norm, nn.BatchNorm1d(20)]
        self.last = nn.Sequential(nn.Flatten(), self.norms[1], nn.Dropout(0.5))
        for i, norm in enumerate(self.norms):
            norm.running_mean.copy_(cotangent(norm.running_mean, seed + 2 * i))
            norm.running_var.copy_(cotangent(norm.running_var, seed + 2 * i + 1).exp())

    def forward(self, x):
        return self.last(self.features(x))


def train_classifier(ns, encoder, images, labels, seed, epochs, supervised, shuffled=False):
    cls = fill(nn.Linear(20, 3), seed + 1)
    before = weights(cls)
    batches = loader(TensorDataset(images, labels), seed if shuffled else None)
    out = ns.train_classifier(encoder, cls, batches, epochs=epochs, supervised=supervised)
    trained, losses = out
    return trained, losses, before


def classifier_returns(ns, images, labels, seed, epochs, supervised):
    encoder = fill(Features(), seed)
    trained, losses, _ = train_classifier(ns, encoder, images, labels, seed, epochs, supervised)
    return {
        "the first of the two is the classifier": isinstance(trained, nn.Linear),
        "length of `loss_traj`": len(numbers(losses)),
        **defaults(ns.train_classifier, "epochs", "supervised"),
    }


def classifier_loss(ns, images, labels, seed, epochs, supervised):
    encoder = fill(Features(), seed)
    _, losses, _ = train_classifier(ns, encoder, images, labels, seed, epochs, supervised, True)
    return {"`loss_traj`": np.array([float(v) for v in losses])}


def classifier_step(ns, images, labels, seed, epochs, supervised):
    # A batch norm shows the mode, which is never the one that it comes in.
    encoder = fill(Features(norm=supervised), seed).train(not supervised)
    nn.init.zeros_(encoder.conv.bias)  # so that features of dark images are small
    start = weights(encoder)
    trained, _, before = train_classifier(ns, encoder, images, labels, seed, epochs, supervised)
    return {
        "change of the classifier": weights(trained) - before,
        "change of the encoder": weights(encoder) - start,
    }


def classifier_decay(ns, images, labels, seed, epochs):
    images[:] = 0
    encoder = fill(Features(), seed)
    nn.init.zeros_(encoder.conv.bias)
    out = {}
    for supervised, layer in ((False, "classifier"), (True, "encoder")):
        start = plain(encoder.conv.weight)
        trained, _, _ = train_classifier(ns, encoder, images, labels, seed, epochs, supervised)
        if layer == "classifier":
            change = trained.weight - fill(nn.Linear(20, 3), seed + 1).weight
        else:
            change = encoder.conv.weight - torch.from_numpy(start)
        out[f"change of the {layer}'s weight"] = plain(change)
    return out


def classifier_on_gpu(ns, images, labels, seed, epochs, supervised):
    with OnGPU():
        out = classifier_step(ns, images, labels, seed, epochs, supervised)
    return out


def classifier_statistics(ns, images, labels, seed, epochs):
    encoder = Statistics(seed)
    _, losses, _ = train_classifier(ns, encoder, images, labels, seed, epochs, False)
    return {
        "running means": np.concatenate([plain(n.running_mean) for n in encoder.norms]),
        "running variances": np.concatenate([plain(n.running_var) for n in encoder.norms]),
        "`loss_traj`": np.array([float(v) for v in losses]),
    }


def classes(ns, images, weights):
    return {"classes": classify(ns.Encoder(), images.float() / 255, weights)}
