"""What is graded in part ``cmc``; the notebook states every property checked here."""

from typing import Any

import numpy as np

from autograder.parts.declare import Architecture, Generator, Part, ReportRule, normal, seed

PART = Part("cmc")
PART.needs("autoencoder", "encoder", "train_classifier", "test")
PART.number("K", 256, low=8, high=4096, samples=(64, 512), said=r"\b25[67]\b|5\.549|4\.556")
PART.number("T", 0.1, low=0.01, high=0.3, samples=(0.07, 0.2), said=r"\bT ?= ?0\.1\b")
PART.number("momentum", 0.5, low=0.1, high=0.95, samples=(0.7, 0.4), said=r"\bmomentum ?= ?0\.5\b")
STEPS = 2e-4
"""Of the longest way of a weight; see python -m bench.rounding."""

PART.question("encoder_cmc", "Encoders of two views", 1, "EncoderCMC")
PART.question("cmc_score", "Scores against the memory", 2, "CMCScore")
PART.question("softmax_loss", "Softmax loss", 1, "SoftmaxLoss")
PART.question("train_cmc", "Training on two views", 1, "train_cmc")
PART.report(
    "report_cmc",
    "What two views are worth",
    1,
    ReportRule(
        results="results_cmc",
        keys=("cmc",),
        ranges={"full": {"cmc": (0.30, 0.65)}, "mini": {"cmc": (0.25, 0.80)}},
        models=Architecture("classes", ("encoder_cmc", "encoder")),
    ),
)
PART.question("nce_loss", "Noise-contrastive estimation", 1, "NCELoss", bonus=True)


def unit(rows: np.ndarray) -> np.ndarray:
    made: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


@PART.check("encoder_cmc", "shape")
def encoder_shape(rng: Generator) -> dict[str, Any]:
    """`EncoderCMC` maps Lab images (B, 3, 64, 64) to two features (B, {{=16 * bottleneck}})."""
    return {"x": normal(rng, 3, 3, 64, 64)}


@PART.check("encoder_cmc", "halves")
def encoder_halves(rng: Generator) -> dict[str, Any]:
    """`l_encoder` takes one channel and `ab_encoder` takes two."""
    return {"x": normal(rng, 2, 3, 64, 64), "seed": seed(rng)}


@PART.check("encoder_cmc", "encode", weight=2)
def encoder_values(rng: Generator) -> dict[str, Any]:
    """With given weights, `feat_l` is what `l_encoder` makes of L, `feat_ab` what `ab_encoder`
    makes of a and b."""
    return {"x": normal(rng, 2, 3, 64, 64), "seed": seed(rng)}


@PART.check("encoder_cmc", "encode_gradient")
def encoder_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient flows through both encoders, for one image alone as well."""
    return {"x": normal(rng, 1, 3, 64, 64), "seed": seed(rng)}


def bank(rng: Generator, B: int, N: int, K: int, D: int = 6) -> dict[str, Any]:
    """A filled memory, features that are not normalised, and rows to score them against."""
    y = rng.permutation(N)[:B]
    idx = rng.integers(0, N, (B, K + 1))
    idx[:, 0] = y
    size = rng.uniform(0.5, 4, (B, 1)).astype(np.float32)
    return {
        "memory_l": unit(normal(rng, N, D)),
        "memory_ab": unit(normal(rng, N, D)),
        "l": normal(rng, B, D) * size,
        "ab": normal(rng, B, D) / size,
        "y": y,
        "idx": idx,
        "K": K,
    }


@PART.check("cmc_score", "score_shape")
def score_shape(rng: Generator) -> dict[str, Any]:
    """`CMCScore` returns two scores (B, K + 1, 1), for a batch of one as well."""
    return {"many": 4, "N": 11, "K": 5, "seed": seed(rng)}


@PART.check("cmc_score", "score", weight=3)
def score_values(rng: Generator) -> dict[str, Any]:
    """`out_l` scores unit-norm `l` against the rows `idx` of `memory_ab`, `out_ab` scores `ab`
    against `memory_l`, both divided by T, which is {{T}} where none is given."""
    return bank(rng, 5, 12, 7)


@PART.check("cmc_score", "score", weight=2)
def score_options(rng: Generator) -> dict[str, Any]:
    """The scores are right for another T, K and N too."""
    return {**bank(rng, 3, 20, 4), "T": 0.35}


@PART.check("cmc_score", "score_gradient", weight=2)
def score_gradient(rng: Generator) -> dict[str, Any]:
    """The scores pass their gradient on to the features, and none to the memory, which is made of
    buffers."""
    return {**bank(rng, 4, 9, 5), "seed": seed(rng)}


@PART.check("cmc_score", "memory", weight=2)
def memory_update(rng: Generator) -> dict[str, Any]:
    """After scoring, the rows `y` move towards the new features with the momentum and are
    normalised again; no other row changes."""
    return {**bank(rng, 4, 9, 5), "momentum": 0.3}


@PART.check("cmc_score", "memory")
def memory_default(rng: Generator) -> dict[str, Any]:
    """The momentum is {{momentum}} where none is given."""
    return bank(rng, 3, 7, 4)


@PART.check("cmc_score", "drawn", weight=2)
def drawn_rows(rng: Generator) -> dict[str, Any]:
    """Without `idx`, column 0 is the positive, and the others are drawn from all rows alike, anew
    for each image and each time, and the same for both views."""
    return {"N": 16, "K": 500, "y": rng.permutation(16)[:6], "seed": seed(rng)}


@PART.check("cmc_score", "repeated")
def drawn_again(rng: Generator) -> dict[str, Any]:
    """Without `idx`, rows are drawn with replacement: an image may have one twice."""
    # Of 50 draws from 64 rows all are different once in 10^12 times.
    return {"N": 64, "K": 50, "y": rng.permutation(64)[:4], "seed": seed(rng)}


@PART.check("softmax_loss", "loss", weight=2)
def softmax_values(rng: Generator) -> dict[str, Any]:
    """`SoftmaxLoss` is the cross entropy of the scores, with the positive in column 0."""
    return {"name": "SoftmaxLoss", "scores": 3 * normal(rng, 6, 9, 1)}


@PART.check("softmax_loss", "loss")
def softmax_of_one(rng: Generator) -> dict[str, Any]:
    """`SoftmaxLoss` is right for a batch of one."""
    return {"name": "SoftmaxLoss", "scores": 3 * normal(rng, 1, 9, 1)}


@PART.check("softmax_loss", "loss")
def softmax_extreme(rng: Generator) -> dict[str, Any]:
    """`SoftmaxLoss` stays right for large scores."""
    return {"name": "SoftmaxLoss", "scores": 200 * normal(rng, 4, 5, 1)}


@PART.check("softmax_loss", "loss_gradient")
def softmax_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient of `SoftmaxLoss` reaches the scores."""
    return {"name": "SoftmaxLoss", "scores": normal(rng, 4, 6, 1)}


@PART.check("softmax_loss", "loss_on_gpu", weight=0.5)
def softmax_on_gpu(rng: Generator) -> dict[str, Any]:
    """Scores may lie on the GPU."""
    return {"name": "SoftmaxLoss", "scores": normal(rng, 3, 7, 1)}


def batches(rng: Generator, n: int = 9) -> dict[str, Any]:
    """A small data set of images, labels and places, for minibatches of four; the last has one.

    Most images are dark: what an optimizer remembers of large gradients shows for long.
    """
    images = normal(rng, n, 3, 4, 4)
    images[n // 7 :] *= 0.02 if n > 9 else 1.0
    return {"images": images, "seed": seed(rng)}


@PART.check("train_cmc", "train_returns")
def train_returns(rng: Generator) -> dict[str, Any]:
    """`train_cmc` returns the model; there are 100 epochs unless another number is given."""
    return {**batches(rng, 4), "epochs": 1}


@PART.check("train_cmc", "train_calls", weight=2)
def train_calls(rng: Generator) -> dict[str, Any]:
    """In every epoch, the features of each minibatch and the images' places go to `contrast`."""
    return {**batches(rng), "epochs": 2}


@PART.check("train_cmc", "train_step", weight=2, tolerance=STEPS)
def train_step(rng: Generator) -> dict[str, Any]:
    """After one minibatch, the weights are where one step of Adam (1e-3) on the sum of both
    losses puts them."""
    return {**batches(rng, 4), "epochs": 1}


@PART.check("train_cmc", "train_step", weight=2, tolerance=STEPS / 5)
def train_epochs(rng: Generator) -> dict[str, Any]:
    """After an epoch of 14 minibatches, the weights are where Adam's steps (betas 0.5 and
    0.999) on the sum of both losses put them, each view's by its own criterion."""
    return {**batches(rng, 53), "epochs": 1}


@PART.check("train_cmc", "train_step", weight=0.5, tolerance=1e-2)
def train_mode(rng: Generator) -> dict[str, Any]:
    """The model learns in training mode, with one optimizer for all epochs."""
    return {**batches(rng, 8), "epochs": 2, "norm": True}


@PART.check("train_cmc", "train_on_gpu", weight=0.5, tolerance=STEPS)
def train_on_gpu(rng: Generator) -> dict[str, Any]:
    """Images and places are moved to `device`, which may be a GPU."""
    return {**batches(rng, 3), "epochs": 1}


@PART.check("nce_loss", "loss", weight=2)
def nce_values(rng: Generator) -> dict[str, Any]:
    """`NCELoss` is the negative mean over the batch of ln h of the positive plus the sum of
    ln(1 - h) of the others."""
    return {
        "name": "NCELoss",
        "scores": normal(rng, 6, 9, 1),
        "options": {"n_data": 50, "Z": float(rng.uniform(20, 90))},
    }


@PART.check("nce_loss", "loss")
def nce_of_one(rng: Generator) -> dict[str, Any]:
    """`NCELoss` is right for a batch of one, and for other `n_data` and `Z`."""
    return {
        "name": "NCELoss",
        "scores": normal(rng, 1, 4, 1),
        "options": {"n_data": 7, "Z": float(rng.uniform(2, 9))},
    }


@PART.check("nce_loss", "loss_gradient")
def nce_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient of `NCELoss` reaches the scores."""
    return {
        "name": "NCELoss",
        "scores": normal(rng, 4, 6, 1),
        "options": {"n_data": 30, "Z": float(rng.uniform(10, 50))},
    }
