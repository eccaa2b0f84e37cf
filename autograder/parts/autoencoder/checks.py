"""What is graded in part ``autoencoder``; the notebook states every property checked here."""

from typing import Any

import numpy as np

from autograder.parts.declare import Architecture, Generator, Part, ReportRule, normal, seed

PART = Part("autoencoder")
STEPS = 2e-4
"""Of the longest way of a weight; rounding makes 3e-5 of it (python -m bench.rounding)."""

# Channels of the four convolutions: known mistakes tell the first three apart by being different.
COUNTS = r"42[,_]1(?:56|35)|84,291"
PART.number("c1", 12, low=4, high=512, samples=(15, 18), said=rf"{COUNTS}|\b588\b")
PART.number("c2", 24, low=4, high=512, samples=(30, 36), said=COUNTS)
PART.number("c3", 48, low=4, high=512, samples=(60, 45), said=rf"{COUNTS}|(?<![\w.])48\b")
PART.number(
    "bottleneck", 24, low=4, high=512, samples=(12, 30), said=rf"{COUNTS}|\b24[ ,·]+4\b|\b384\b"
)

PART.question("encoder", "Encoder", 1, "Encoder")
PART.question("decoder", "Decoder", 1, "Decoder")
PART.question("train_ae", "Training the autoencoder", 1, "train_ae")
PART.question("train_classifier", "Linear classifier on features", 1, "train_classifier")
PART.report(
    "report_autoencoder",
    "What the features are worth",
    1,
    ReportRule(
        results="results_autoencoder",
        keys=("unsupervised", "supervised", "random"),
        facts={"supervised_flags": {"unsupervised": False, "supervised": True, "random": False}},
        orderings=[("supervised", "unsupervised"), ("unsupervised", "random")],
        ranges={
            "full": {
                "unsupervised": (0.25, 0.40),
                "supervised": (0.36, 0.60),
                "random": (0.15, 0.32),
            },
            "mini": {
                "unsupervised": (0.30, 0.60),
                "supervised": (0.40, 0.75),
                "random": (0.12, 0.42),
            },
        },
        models=Architecture("classes", ("encoder",)),
    ),
)


def images(rng: Generator, *shape: int) -> np.ndarray:
    return rng.random(shape, dtype=np.float32)


@PART.check("encoder", "shape")
def encoder_shape(rng: Generator) -> dict[str, Any]:
    """`Encoder` maps images (B, 3, 64, 64) to feature maps (B, {{bottleneck}}, 4, 4)."""
    return {"name": "Encoder", "x": images(rng, 3, 3, 64, 64)}


@PART.check("encoder", "parameters")
def encoder_parameters(rng: Generator) -> dict[str, Any]:
    """`Encoder` sets `self.encoder` and has {{=encoder_parameters:,}} trainable parameters."""
    return {"name": "Encoder", "attribute": "encoder"}


@PART.check("encoder", "forward", weight=2)
def encoder_values(rng: Generator) -> dict[str, Any]:
    """With given weights, `Encoder` computes four convolutions with a ReLU after each."""
    return {"name": "Encoder", "x": images(rng, 2, 3, 64, 64), "seed": seed(rng)}


@PART.check("encoder", "gradient")
def encoder_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient flows through `Encoder` into its input and all its parameters."""
    return {"name": "Encoder", "x": images(rng, 2, 3, 64, 64), "seed": seed(rng)}


@PART.check("encoder", "forward")
def encoder_channels(rng: Generator) -> dict[str, Any]:
    """`Encoder(in_channels=...)` takes images of that many channels, one alone as well."""
    x = images(rng, 1, 1, 64, 64)
    return {"name": "Encoder", "x": x, "seed": seed(rng), "options": {"in_channels": 1}}


@PART.check("decoder", "shape")
def decoder_shape(rng: Generator, bottleneck: int) -> dict[str, Any]:
    """`Decoder` maps feature maps (B, {{bottleneck}}, 4, 4) to images (B, 3, 64, 64)."""
    return {"name": "Decoder", "x": normal(rng, 3, bottleneck, 4, 4)}


@PART.check("decoder", "parameters")
def decoder_parameters(rng: Generator) -> dict[str, Any]:
    """`Decoder` has {{=decoder_parameters:,}} trainable parameters."""
    return {"name": "Decoder"}


@PART.check("decoder", "forward", weight=2)
def decoder_values(rng: Generator, bottleneck: int) -> dict[str, Any]:
    """With given weights, `Decoder` computes four transposed convolutions, ReLU between them,
    Sigmoid last."""
    return {"name": "Decoder", "x": normal(rng, 2, bottleneck, 4, 4), "seed": seed(rng)}


@PART.check("decoder", "gradient")
def decoder_gradient(rng: Generator, bottleneck: int) -> dict[str, Any]:
    """The gradient flows through `Decoder` into its input and all its parameters."""
    return {"name": "Decoder", "x": normal(rng, 2, bottleneck, 4, 4), "seed": seed(rng)}


@PART.check("decoder", "forward")
def decoder_channels(rng: Generator, bottleneck: int) -> dict[str, Any]:
    """`Decoder(out_channels=...)` makes images of that many channels, one alone as well, whatever
    `feat_dim` is."""
    x = normal(rng, 1, bottleneck, 4, 4)
    options = {"out_channels": 2, "feat_dim": 5}
    return {"name": "Decoder", "x": x, "seed": seed(rng), "options": options}


def batches(rng: Generator, n: int = 9, fading: bool = False) -> dict[str, Any]:
    """A small labeled data set, for minibatches of four; the last has one image.

    Where it fades, the first two minibatches are bright and all others dark: what an optimizer
    remembers of large gradients shows for long.
    """
    made = images(rng, n, 3, 8, 8)
    if fading:
        made[8:] *= 0.02
    return {"images": made, "labels": rng.integers(0, 3, n), "seed": seed(rng)}


@PART.check("train_ae", "train_ae_returns")
def train_ae_returns(rng: Generator) -> dict[str, Any]:
    """`train_ae` returns the model and one plain number for each of `epochs` epochs, of which
    there are 200 unless another number is given."""
    return {**batches(rng, 4), "epochs": 3}


@PART.check("train_ae", "train_ae_loss")
def train_ae_loss(rng: Generator) -> dict[str, Any]:
    """An entry of `loss_traj` is the mean squared errors of an epoch's minibatches, summed; the
    loader gives others in each epoch."""
    return {**batches(rng), "epochs": 2}


@PART.check("train_ae", "train_ae_step", weight=2, tolerance=STEPS)
def train_ae_step(rng: Generator) -> dict[str, Any]:
    """After one minibatch, the weights are where one step of Adam (1e-3) on the MSE puts them."""
    return {**batches(rng, 4), "epochs": 1}


@PART.check("train_ae", "train_ae_step", weight=2, tolerance=STEPS)
def train_ae_epochs(rng: Generator) -> dict[str, Any]:
    """After an epoch of 14 minibatches, the weights are where Adam's steps on every minibatch put
    them."""
    return {**batches(rng, 53, fading=True), "epochs": 1}


@PART.check("train_ae", "train_ae_mode", weight=0.5, tolerance=1e-2)
def train_ae_mode(rng: Generator) -> dict[str, Any]:
    """The model learns in training mode, with one optimizer for all epochs."""
    return {**batches(rng, 6), "epochs": 2}


@PART.check("train_ae", "train_ae_on_gpu", weight=0.5, tolerance=STEPS)
def train_ae_on_gpu(rng: Generator) -> dict[str, Any]:
    """Images are moved to `device`, which may be a GPU."""
    return {**batches(rng, 3), "epochs": 1}


@PART.check("train_classifier", "classifier_returns")
def classifier_returns(rng: Generator) -> dict[str, Any]:
    """`train_classifier` returns the classifier and one plain number for each of `epochs`
    epochs; there are 100, without `supervised`, unless something else is given."""
    return {**batches(rng, 4), "epochs": 2, "supervised": False}


@PART.check("train_classifier", "classifier_loss")
def classifier_loss(rng: Generator) -> dict[str, Any]:
    """An entry of `loss_traj` is the cross entropy of `cls(encoder(x).view(batch, -1))`, summed
    over an epoch's minibatches, of which the last is smaller."""
    return {**batches(rng), "epochs": 2, "supervised": False}


@PART.check("train_classifier", "classifier_step", weight=2, tolerance=STEPS / 5)
def classifier_frozen(rng: Generator) -> dict[str, Any]:
    """Without `supervised`, the classifier learns and no parameter of the encoder changes."""
    return {**batches(rng, 53, fading=True), "epochs": 1, "supervised": False}


@PART.check("train_classifier", "classifier_step", weight=2, tolerance=STEPS)
def classifier_supervised(rng: Generator) -> dict[str, Any]:
    """With `supervised`, classifier and encoder both learn, in training mode (Adam 1e-3, weight
    decay 1e-4)."""
    return {**batches(rng, 10), "epochs": 2, "supervised": True}


@PART.check("train_classifier", "classifier_decay", tolerance=STEPS)
def classifier_decay(rng: Generator) -> dict[str, Any]:
    """The weight decay of 1e-4 pulls on weights that the data say nothing about, of the classifier
    and, with `supervised`, of the encoder."""
    return {**batches(rng), "epochs": 1}


@PART.check("train_classifier", "classifier_statistics")
def classifier_statistics(rng: Generator) -> dict[str, Any]:
    """Without `supervised`, the whole encoder is in eval mode: the running statistics of any batch
    norm in it stay the same, and dropout is off."""
    return {**batches(rng, 8), "epochs": 1}


@PART.check("train_classifier", "classifier_on_gpu", weight=0.5, tolerance=STEPS)
def classifier_on_gpu(rng: Generator) -> dict[str, Any]:
    """Images and labels are on `device` when they are used, which may be a GPU."""
    return {**batches(rng, 3), "epochs": 1, "supervised": False}
