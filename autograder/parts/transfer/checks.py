"""What is graded of answers on features; the notebook states every property checked here."""

from typing import Any

import numpy as np

from autograder.parts.declare import Generator, normal, seed
from autograder.parts.transfer.questions import PART, pairs

WORDS = ("ant", "bee", "cat", "dark dog", "red fox", "cup", "boat", "tulip", "old train", "pear")
TEMPLATES = ("a photo of a {}.", "{}", "a small {} in the grass", "the {}!", "no {} here, one")


@PART.check("clip_loss", "loss", weight=3)
def loss_values(rng: Generator) -> dict[str, Any]:
    """`clip_loss` is the mean of both directions' cross entropy, of cosines times exp(t)."""
    return {**pairs(rng, 7), "log_scale": float(rng.uniform(0.8, 1.4))}


@PART.check("clip_loss", "loss")
def loss_negative(rng: Generator) -> dict[str, Any]:
    """The loss is right for a negative t."""
    return {**pairs(rng, 4), "log_scale": float(rng.uniform(-1.2, -0.4))}


@PART.check("clip_loss", "loss")
def loss_large_scale(rng: Generator) -> dict[str, Any]:
    """The loss stays exact for a scale of 200."""
    return {**pairs(rng, 5), "log_scale": float(np.log(200.0))}


@PART.check("clip_loss", "loss")
def loss_of_one(rng: Generator) -> dict[str, Any]:
    """A pair alone has the loss 0."""
    return {**pairs(rng, 1), "log_scale": 1.0}


@PART.check("clip_loss", "loss_gradient", weight=2)
def loss_gradients(rng: Generator) -> dict[str, Any]:
    """Gradients flow back to images, texts and t."""
    return {**pairs(rng, 5), "log_scale": float(rng.uniform(0.5, 1.2))}


@PART.check("clip_loss", "loss_on_gpu", weight=0.5)
def loss_on_gpu(rng: Generator) -> dict[str, Any]:
    """Features may lie on the GPU: tensors that it makes are on their device."""
    return {**pairs(rng, 4), "log_scale": 1.0}


def classes(rng: Generator, names: int, templates: int) -> dict[str, Any]:
    return {
        "names": [str(w) for w in rng.choice(WORDS, names, replace=False)],
        "templates": [str(t) for t in rng.choice(TEMPLATES, templates, replace=False)],
        "seed": seed(rng),
    }


@PART.check("zero_shot", "class_weights", weight=2)
def weights_of_ensemble(rng: Generator) -> dict[str, Any]:
    """`zero_shot_weights` averages the unit features of a class's prompts, and brings the mean to
    length 1."""
    return classes(rng, 6, 4)


@PART.check("zero_shot", "class_weights")
def weights_of_one_template(rng: Generator) -> dict[str, Any]:
    """The weights are right for a single template."""
    return classes(rng, 5, 1)


@PART.check("zero_shot", "class_weights")
def weights_of_one_class(rng: Generator) -> dict[str, Any]:
    """The weights are right for a single class."""
    return classes(rng, 1, 3)


def classified(rng: Generator, n: int, c: int, d: int = 8) -> dict[str, Any]:
    """Features of any length, unit weights, and labels of which about half are right.

    Coordinates differ in their spread, so that normalising over the images changes the order.
    """
    spread = np.geomspace(3, 0.3, d)
    weights = normal(rng, c, d) * spread
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    labels = rng.integers(c, size=n)
    features = 2.0 * weights[labels] + 0.6 * normal(rng, n, d) * spread
    size = rng.uniform(0.1, 12, (n, 1))
    return {
        "features": (features * size).astype(np.float32),
        "weights": weights.astype(np.float32),
        "labels": labels.astype(np.int64),
    }


def close(rng: Generator, n: int, c: int) -> dict[str, Any]:
    """Weights so alike that, at a scale of 100, several classes are probable."""
    base = normal(rng, 1, 8)
    weights = base + 0.12 * normal(rng, c, 8)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    features = (base + 0.3 * normal(rng, n, 8)) * rng.uniform(0.1, 12, (n, 1))
    return {"features": features.astype(np.float32), "weights": weights.astype(np.float32)}


@PART.check("zero_shot", "best", weight=2, tolerance=1e-3)
def top_five(rng: Generator) -> dict[str, Any]:
    """`top_k` gives the k most probable classes, five unless told otherwise, best first, with the
    softmax over all classes of 100 times the cosines."""
    return close(rng, 6, 9)


@PART.check("zero_shot", "best", tolerance=1e-3)
def top_all(rng: Generator) -> dict[str, Any]:
    """`top_k` takes k up to the number of classes, and one image alone."""
    return {**close(rng, 1, 4), "k": 4}


@PART.check("zero_shot", "accuracy", weight=2)
def accuracy_values(rng: Generator) -> dict[str, Any]:
    """`evaluate` is the share of images whose most probable class is their label."""
    return classified(rng, 301, 16)


@PART.check("zero_shot", "accuracy")
def accuracy_more_classes(rng: Generator) -> dict[str, Any]:
    """`evaluate` is right with more classes than images."""
    return classified(rng, 9, 20)


def probed(rng: Generator, n: int, c: int = 3, d: int = 6) -> dict[str, Any]:
    """Features of c classes that overlap, to fit on and to test."""
    centres = 1.5 * normal(rng, c, d)
    out: dict[str, Any] = {}
    for split, size in (("train", n), ("test", n // 2)):
        y = np.concatenate([np.arange(c), rng.integers(c, size=size - c)])
        out[f"{split}_x"] = (3 * centres[y] + 4 * normal(rng, size, d)).astype(np.float32)
        out[f"{split}_y"] = y.astype(np.int64)
    return out


@PART.check("linear_probe", "probe", weight=2, tolerance=0.02)
def probe_default(rng: Generator) -> dict[str, Any]:
    """`linear_probe` fits scikit-learn's logistic regression on the training features, and gives
    its accuracy on the test features."""
    return probed(rng, 60)


@PART.check("linear_probe", "probe", tolerance=0.02)
def probe_with_c(rng: Generator) -> dict[str, Any]:
    """It uses the C that it is given."""
    return {**probed(rng, 40), "C": 0.004}


@PART.check("linear_probe", "probe_settings")
def probe_settings(rng: Generator) -> dict[str, Any]:
    """The model has at most 1,000 iterations, and the accuracy is a float."""
    return {**probed(rng, 30), "C": 2.5}


@PART.check("linear_probe", "probe_on_gpu", tolerance=0.02)
def probe_on_gpu(rng: Generator) -> dict[str, Any]:
    """Features and labels may lie on the GPU."""
    return probed(rng, 40)


def clouds(rng: Generator, n: int, m: int, wide: int = 1, d: int = 7) -> dict[str, Any]:
    """Images and texts in two clouds, both of them long in ``wide`` directions.

    With one, a plane shows that and the gap; with two, it hardly shows the gap.
    """
    offset = np.eye(d, dtype=np.float32)
    spread = 4.0 * normal(rng, n + m, wide) @ offset[5 : 5 + wide]
    images = 4 * offset[0] + spread[:n] + 0.5 * normal(rng, n, d)
    texts = 4 * offset[1] + spread[n:] + 0.5 * normal(rng, m, d) + offset[3]
    sizes = rng.uniform(0.2, 8, (n + m, 1)).astype(np.float32)
    return {"images": images * sizes[:n], "texts": texts * sizes[n:]}


@PART.check("modality_gap", "points", weight=2, tolerance=2e-3)
def pca_points(rng: Generator) -> dict[str, Any]:
    """`joint_pca` gives the points of one centred PCA of all unit rows."""
    return clouds(rng, 40, 25)


@PART.check("modality_gap", "points", tolerance=2e-3)
def pca_few_texts(rng: Generator) -> dict[str, Any]:
    """The points are right for many images and few texts."""
    return clouds(rng, 50, 6)


@PART.check("modality_gap", "gap", weight=2)
def gap_values(rng: Generator) -> dict[str, Any]:
    """The gap is the distance between the means of unit image rows and unit text rows."""
    return clouds(rng, 30, 20, wide=2)


@PART.check("modality_gap", "gap_on_gpu", weight=0.5)
def gap_on_gpu(rng: Generator) -> dict[str, Any]:
    """Features may lie on the GPU."""
    return clouds(rng, 9, 6)


@PART.check("soft_targets", "soft_loss", weight=2)
def soft_values(rng: Generator) -> dict[str, Any]:
    """`soft_target_loss` compares both directions' softmax with that of the texts among
    themselves."""
    return {**pairs(rng, 6, 4), "temperature": 0.5}


@PART.check("soft_targets", "soft_loss")
def soft_default(rng: Generator) -> dict[str, Any]:
    """The temperature is {{soft_temperature}} where none is given."""
    return pairs(rng, 5, 3)


@PART.check("soft_targets", "soft_loss")
def soft_sharp(rng: Generator) -> dict[str, Any]:
    """The loss stays exact for a temperature of 0.005."""
    return {**pairs(rng, 4, 3), "temperature": 0.005}


@PART.check("soft_targets", "soft_loss")
def soft_equal_texts(rng: Generator) -> dict[str, Any]:
    """Texts that say the same share the probability."""
    two = pairs(rng, 6, 4)
    two["texts"][3:] = two["texts"][:3]
    return {**two, "temperature": 0.2}


@PART.check("soft_targets", "soft_gradient", weight=2)
def soft_gradients(rng: Generator) -> dict[str, Any]:
    """Gradients flow back to images and texts, and none through the targets."""
    return {**pairs(rng, 5, 4), "temperature": 0.4}
