"""Answers of our own, one after another in one process. Appended to a part's probes."""

import types

import numpy as np
import torch

from autograder.sandbox.cells import run_cell


def of_another(ns, answer, names, probe, inputs):
    """What a probe says of another answer, which has nothing to hide from the others."""
    namespace = dict(vars(ns))
    run_cell(answer, namespace, "<answer>")
    if any(name not in namespace for name in names):
        return {"undefined": True}
    tensors = {
        k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()
    }
    return globals()[probe](types.SimpleNamespace(**namespace), **tensors)
