"""What is graded in part ``clip``; the notebook states every property checked here."""

from typing import Any

import numpy as np

from autograder.parts.declare import Generator, Part, ReportRule, normal, seed

PART = Part("clip")
PART.needs("autoencoder", "data", "train_classifier", "test")
PART.option("text_encoder", "frozen", "trainable")
PART.number("temperature", 0.07, low=0.01, high=0.3, samples=(0.05, 0.1), said=r"\b0\.07\b")
PART.number("projection_dim", 256, low=8, high=4096, samples=(128, 192), said=r"\b256\b|5,376")

PART.question("projection_head", "Projection head", 1, "ProjectionHead")
PART.question("clip_model", "Model and loss", 2, "CLIPModel")
PART.question("retrieve_images", "Searching with words", 1, "retrieve_images")
PART.report(
    "report_clip",
    "What captions are worth",
    1,
    ReportRule(
        results="results_clip",
        keys=("clip",),
        ranges={"full": {"clip": (0.70, 0.92)}, "mini": {"clip": (0.45, 0.90)}},
    ),
)

WORDS = ("the", "dog", "cat", "on", "in", "grass", "red", "park", "two", "runs", "dark", "near")


@PART.check("projection_head", "shape")
def head_shape(rng: Generator) -> dict[str, Any]:
    """`ProjectionHead` maps (B, embedding_dim) to (B, projection_dim), for a batch of one and
    other sizes as well."""
    return {"sizes": [[3, 12, 256], [1, 7, 5], [2, 2048, 256]], "seed": seed(rng)}


@PART.check("projection_head", "parameters")
def head_parameters(rng: Generator) -> dict[str, Any]:
    """It has the weights and the bias of one linear layer."""
    return {"embedding_dim": 11}


@PART.check("projection_head", "head", weight=3)
def head_values(rng: Generator) -> dict[str, Any]:
    """With given weights, it is the linear layer's output, each row brought to length 1."""
    return {"x": normal(rng, 5, 12) * rng.uniform(0.5, 20, (5, 1)).astype(np.float32),
            "dim": 9, "seed": seed(rng)}  # fmt: skip


@PART.check("projection_head", "head")
def head_of_one(rng: Generator) -> dict[str, Any]:
    """A row comes out the same when it is alone, and when its projection is short."""
    return {"x": normal(rng, 1, 6), "dim": 4, "seed": seed(rng), "size": 0.01}


@PART.check("projection_head", "head_gradient")
def head_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient flows through the length back to the weights and the features."""
    return {"x": normal(rng, 4, 6), "dim": 5, "seed": seed(rng)}


def batch(rng: Generator, n: int, length: int = 6) -> dict[str, Any]:
    """Images and padded captions of ``n`` pairs."""
    mask = (np.arange(length) < rng.integers(2, length + 1, (n, 1))).astype(np.int64)
    mask[0] = 1
    return {
        "image": normal(rng, n, 3, 64, 64),
        "input_ids": rng.integers(1, 50, (n, length)) * mask,
        "attention_mask": mask,
        "seed": seed(rng),
    }


@PART.check("clip_model", "parts")
def model_parts(rng: Generator) -> dict[str, Any]:
    """`__init__` sets both encoders, and a projection head of its own for each; the arguments have
    the defaults {{temperature}}, 2048 and 768."""
    return {}


@PART.check("clip_model", "loss", weight=3)
def model_loss(rng: Generator) -> dict[str, Any]:
    """The loss of a minibatch is the mean of both directions' cross entropy, of cosines divided
    by the temperature {{temperature}}."""
    return batch(rng, 5)


@PART.check("clip_model", "loss", weight=2)
def model_temperature(rng: Generator) -> dict[str, Any]:
    """The loss is right for another temperature."""
    return {**batch(rng, 4), "temperature": 0.4}


@PART.check("clip_model", "loss")
def model_sizes(rng: Generator) -> dict[str, Any]:
    """The loss is right for another size of the minibatch."""
    return batch(rng, 9)


@PART.check("clip_model", "loss")
def model_of_one(rng: Generator) -> dict[str, Any]:
    """The loss is right for a minibatch of one pair."""
    return batch(rng, 1)


@PART.check("clip_model", "loss")
def model_sharp(rng: Generator) -> dict[str, Any]:
    """The loss stays exact for a temperature of 0.0005."""
    # The largest cosines of two rows differ by more than 0.05, which is 100 temperatures.
    return {**batch(rng, 12), "temperature": 0.0005, "spread": 2.0}


@PART.check("clip_model", "loss")
def model_negative(rng: Generator) -> dict[str, Any]:
    """The loss is right where half of the cosines are negative."""
    return {**batch(rng, 7), "spread": 8.0}


@PART.check("clip_model", "loss_on_gpu", weight=0.5)
def model_on_gpu(rng: Generator) -> dict[str, Any]:
    """It runs on a GPU as well: tensors that it makes are on the device of the logits."""
    return batch(rng, 3)


@PART.check("clip_model", "loss_gradient", weight=3, tolerance=1e-3)
def model_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient of the loss reaches both projection heads and the image encoder."""
    return {**batch(rng, 4), "parts": ["image_projection", "text_projection", "image_encoder"]}


@PART.check("clip_model", "loss_gradient", tolerance=1e-3, when={"text_encoder": "trainable"})
def text_gradient(rng: Generator) -> dict[str, Any]:
    """The gradient of the loss reaches the text encoder, which learns too."""
    return {**batch(rng, 4), "parts": ["text_encoder"]}


@PART.check("clip_model", "loss_work")
def model_loops(rng: Generator) -> dict[str, Any]:
    """`forward` does not loop over the pairs of a minibatch."""
    return {"small": batch(rng, 4), "large": batch(rng, 12)}


def gallery(rng: Generator, d: int, n: int, k: int) -> dict[str, Any]:
    """A query, and n embeddings (d,) of any length with the file names of their images."""
    size = rng.uniform(0.05, 20, (n, 1)).astype(np.float32)
    return {
        "embeddings": normal(rng, n, d) * size,
        "query": " ".join(rng.choice(WORDS, 5)),
        "names": [f"{rng.integers(10**9)}_{i}.jpg" for i in rng.permutation(n)],
        "k": k,
        "seed": seed(rng),
    }


@PART.check("retrieve_images", "retrieved", weight=3)
def retrieves_best(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """`retrieve_images` gives the names of the k images with the largest cosines, best first."""
    return gallery(rng, projection_dim, 60, 9)


@PART.check("retrieve_images", "retrieved")
def retrieves_one(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """`k = 1` gives a NumPy array of one name."""
    return {**gallery(rng, projection_dim, 20, 1), "kind": True}


@PART.check("retrieve_images", "retrieved", weight=0.5)
def retrieves_the_only_one(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """A single image is found, in an array of one name."""
    return gallery(rng, projection_dim, 1, 1)


@PART.check("retrieve_images", "retrieved", weight=0.5)
def retrieves_nine(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """Without `k`, it gives nine names."""
    found = gallery(rng, projection_dim, 20, 9)
    del found["k"]
    return found


@PART.check("retrieve_images", "retrieved")
def retrieves_all(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """k as large as the number of images gives every name once."""
    return gallery(rng, projection_dim, 14, 14)


@PART.check("retrieve_images", "retrieved")
def retrieves_from_array(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """File names may come as an array."""
    return {**gallery(rng, projection_dim, 30, 5), "as_array": True}


def around(rng: Generator, d: int, cosines: np.ndarray, k: int) -> dict[str, Any]:
    """A query, and images that have these cosines with it, in an order of chance."""
    return {**gallery(rng, d, len(cosines), k), "cosines": rng.permutation(cosines)}


@PART.check("retrieve_images", "retrieved_around")
def retrieves_close(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """The order is right where cosines differ by a ten-thousandth."""
    return around(rng, projection_dim, 0.6 + 1e-4 * np.arange(30), 12)


@PART.check("retrieve_images", "retrieved_around")
def retrieves_far(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """The order is right down to images whose cosine is negative."""
    return around(rng, projection_dim, np.linspace(-0.95, 0.95, 24), 24)


@PART.check("retrieve_images", "retrieved_on_gpu")
def retrieves_on_gpu(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """Embeddings and the model may lie on the GPU."""
    return gallery(rng, projection_dim, 30, 5)


@PART.check("retrieve_images", "retrieve_work")
def retrieve_loops(rng: Generator, projection_dim: int) -> dict[str, Any]:
    """It does not loop over images or matches."""
    return {
        "few": gallery(rng, projection_dim, 10, 10),
        "many": gallery(rng, projection_dim, 80, 80),
        "fewer_names": gallery(rng, projection_dim, 80, 10),
    }
