"""What is graded of answers with models; the notebook states every property checked here."""

from typing import Any

import numpy as np

from autograder.parts.declare import Generator, normal, seed
from autograder.parts.transfer.questions import PART, pairs

STEP = 1e-3  # of a step's size


def batch(rng: Generator, n: int, m: int) -> dict[str, Any]:
    """Images and tokens for the stand-in of a CLIP."""
    return {
        "pixel_values": normal(rng, n, 3, 4, 4),
        "input_ids": rng.integers(1, 40, (m, 5)),
        "attention_mask": np.ones((m, 5), np.int64),
        "seed": seed(rng),
    }


@PART.check("heads", "my_clip", weight=2)
def heads_logits(rng: Generator) -> dict[str, Any]:
    """`MyCLIP` gives the cosines of both heads' outputs, times exp of the backbone's logit_scale,
    per image and per text."""
    return batch(rng, 5, 4)


@PART.check("heads", "my_clip_modes", weight=1)
def heads_modes(rng: Generator) -> dict[str, Any]:
    """The backbone stays in eval mode, also after `model.train()`."""
    return batch(rng, 5, 5)


@PART.check("heads", "my_clip_learning", weight=2)
def heads_learning(rng: Generator) -> dict[str, Any]:
    """Both heads learn, and nothing of the backbone does."""
    return batch(rng, 4, 4)


@PART.check("heads", "my_clip_thawed")
def heads_thawed(rng: Generator) -> dict[str, Any]:
    """The backbone learns once its gradients are switched on: nothing in `forward` cuts them."""
    return batch(rng, 4, 4)


@PART.check("heads", "attention", weight=3)
def attention_values(rng: Generator) -> dict[str, Any]:
    """`AttentionHead` lets the learned query attend over the patches of each image, with the
    number of heads that it is given."""
    return {"tokens": normal(rng, 4, 7, 12), "num_heads": 3, "out_dim": 5, "seed": seed(rng)}


@PART.check("heads", "attention")
def attention_single(rng: Generator) -> dict[str, Any]:
    """It is right for a minibatch of one, and for one attention head."""
    return {"tokens": normal(rng, 1, 5, 8), "num_heads": 1, "out_dim": 8, "seed": seed(rng)}


@PART.check("heads", "attention_learning", weight=2)
def attention_learning(rng: Generator) -> dict[str, Any]:
    """The query is a parameter, and learns with the attention and the linear layer."""
    return {"tokens": normal(rng, 4, 6, 8), "num_heads": 2, "out_dim": 3, "seed": seed(rng)}


@PART.check("finetune", "groups", weight=2)
def groups_apart(rng: Generator) -> dict[str, Any]:
    """`parameter_groups` gives both modules their own rates."""
    return {"backbone_lr": float(rng.uniform(1e-6, 1e-4)), "head_lr": float(rng.uniform(1e-3, 1))}


@PART.check("finetune", "groups")
def groups_without_backbone(rng: Generator) -> dict[str, Any]:
    """A rate of 0 freezes the backbone, and leaves nothing of it to the optimizer."""
    return {"backbone_lr": 0, "head_lr": float(rng.uniform(1e-3, 1))}


@PART.check("finetune", "groups")
def groups_without_head(rng: Generator) -> dict[str, Any]:
    """A rate of 0 freezes the head, and leaves nothing of it to the optimizer."""
    return {"backbone_lr": float(rng.uniform(1e-6, 1e-4)), "head_lr": 0}


@PART.check("finetune", "groups")
def groups_thaw(rng: Generator) -> dict[str, Any]:
    """A rate above 0 lets a module learn that was frozen before."""
    return {"backbone_lr": 2e-5, "head_lr": 1e-3, "frozen": True}


@PART.check("finetune", "step", weight=2, tolerance=STEP)
def step_values(rng: Generator) -> dict[str, Any]:
    """`train_step` takes a step down the mean of both directions' cross entropy, and returns the
    loss before it."""
    return {**pairs(rng, 6), "seed": seed(rng)}


@PART.check("finetune", "step", tolerance=STEP)
def step_fresh(rng: Generator) -> dict[str, Any]:
    """Gradients of earlier minibatches do not count."""
    return {**pairs(rng, 5), "seed": seed(rng), "stale": True}


@PART.check("finetune", "step_types")
def step_types(rng: Generator) -> dict[str, Any]:
    """The loss is a float, and the weights stay float32."""
    return {**pairs(rng, 4), "seed": seed(rng)}


@PART.check("finetune", "step_autocast", tolerance=STEP)
def step_autocast(rng: Generator) -> dict[str, Any]:
    """The model is computed inside of `helpers.autocast`."""
    return {**pairs(rng, 4), "seed": seed(rng)}


@PART.check("finetune", "step_on_gpu", weight=0.5, tolerance=STEP)
def step_on_gpu(rng: Generator) -> dict[str, Any]:
    """Model and minibatch may lie on the GPU: tensors that it makes are on their device."""
    return {**pairs(rng, 4), "seed": seed(rng)}


@PART.check("finetune", "step", tolerance=STEP)
def step_scaled(rng: Generator) -> dict[str, Any]:
    """With a scaler, the loss is scaled for the backward pass, and the step is as long as without;
    the scaler is updated."""
    return {**pairs(rng, 5), "seed": seed(rng), "scale": 4096.0}


@PART.check("finetune", "step_overflow")
def step_overflow(rng: Generator) -> dict[str, Any]:
    """With a scaler, a step whose gradients overflow is left out."""
    return {**pairs(rng, 4), "seed": seed(rng)}
