"""The questions of part ``transfer``, and inputs that several of them share."""

from typing import Any

import numpy as np

from autograder.parts.declare import Generator, Part, normal

PART = Part("transfer", imports=("sklearn.linear_model",))

PART.number("C", 0.316, low=0.01, high=2, samples=(0.1, 0.5), said=r"\b0\.316\b")
# Above 0.09, the pairs of the notebook's own test are no longer sure.
PART.number("soft_temperature", 0.07, low=0.01, high=0.09, samples=(0.05, 0.085), said=r"\b0\.07\b")
PART.number("prompts", 8, low=2, high=8, samples=(3, 6))

PART.question("clip_loss", "CLIP's loss", 1, "clip_loss")
PART.question("zero_shot", "Zero-shot", 2, "zero_shot_weights", "top_k", "evaluate")
PART.question("linear_probe", "Logistic regression", 1, "linear_probe")
PART.question("heads", "New heads", 2, "MyCLIP", "AttentionHead")
PART.question("finetune", "Fine-tuning", 2, "parameter_groups", "train_step")
PART.question("modality_gap", "Modality gap", 1, "joint_pca")
PART.question("soft_targets", "Soft targets", 1, "soft_target_loss")
PART.manual("study_rates", "Study of the rates", 1)
PART.manual("study_gap", "Study of the gap", 1)


def pairs(rng: Generator, n: int, d: int = 6) -> dict[str, Any]:
    """Features of n pairs, rows of any length; those of a pair are somewhat alike."""
    common = normal(rng, n, d)
    sides = (common + normal(rng, n, d) for _ in range(2))
    scaled = [(x * rng.uniform(0.2, 9, (n, 1))).astype(np.float32) for x in sides]
    return {"images": scaled[0], "texts": scaled[1]}
