"""What an example's last line gives. Appended to a part's probes."""

import ast

import numpy as np
import torch


def example(ns, code):
    """Run a snippet beside the answer, and tell the value of its last line."""
    body = ast.parse(code).body
    last = ast.Expression(body.pop().value)
    namespace = dict(vars(ns))
    exec(compile(ast.Module(body, []), "<example>", "exec"), namespace)
    return {"value": told(eval(compile(last, "<example>", "eval"), namespace))}


def told(value):
    """A value as numbers, texts and lists of these."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [told(v) for v in value]
    return value if type(value) in (int, float, bool) else str(value)
