"""How the checks on models call a student's code; runs beside it, knows no answer."""

import numpy as np
import torch
from torch import nn

from autograder.parts.transfer.stand_ins import CLIP, DIM
from autograder.sandbox.on_gpu import OnGPU, moved
from autograder.sandbox.toolkit import (
    cotangent,
    defaults,
    fill,
    gradients,
    number,
    plain,
    weights,
)


def _model(ns, seed):
    """A student's MyCLIP around the stand-in, with weights that depend on the seed."""
    backbone = fill(CLIP(), seed)
    with torch.no_grad():
        backbone.logit_scale.fill_(0.9)
        backbone.norm.running_mean.uniform_(-0.3, 0.3)
    model = ns.MyCLIP(backbone, dim=DIM)
    fill(model.image_head, seed + 1)
    fill(model.text_head, seed + 2)
    return model, backbone


def my_clip(ns, pixel_values, input_ids, attention_mask, seed):
    model, _ = _model(ns, seed)
    per_image, per_text = model(pixel_values, input_ids, attention_mask)
    return {"logits per image": plain(per_image), "logits per text": plain(per_text)}


def my_clip_modes(ns, pixel_values, input_ids, attention_mask, seed):
    model, backbone = _model(ns, seed)
    before = plain(model(pixel_values, input_ids, attention_mask)[0])
    model.train()
    torch.manual_seed(1)
    after = plain(model(pixel_values, input_ids, attention_mask)[0])
    return {
        "logits in training mode": after,
        "the same as in eval mode": bool(np.allclose(before, after, atol=1e-5)),
        "statistics of the backbone": plain(backbone.norm.running_mean),
    }


def my_clip_learning(ns, pixel_values, input_ids, attention_mask, seed):
    model, backbone = _model(ns, seed)
    per_image, per_text = model(pixel_values, input_ids, attention_mask)
    total = (per_image * cotangent(per_image, seed)).sum()
    total = total + (per_text * cotangent(per_text, seed + 1)).sum()
    if total.requires_grad:
        total.backward()
    own = sum(p.numel() for p in model.parameters() if p.requires_grad)
    learns = any(p.requires_grad for p in backbone.parameters())
    out = {
        "the backbone": "learns" if learns else "is frozen",
        "numbers that learn": own,
        **defaults(ns.MyCLIP, "dim"),
    }
    for name in ("image_head", "text_head"):
        for key, grad in gradients(getattr(model, name)).items():
            out[f"{key} of `{name}`"] = grad
    return out


def my_clip_thawed(ns, pixel_values, input_ids, attention_mask, seed):
    model, backbone = _model(ns, seed)
    backbone.requires_grad_(True)
    per_image, _ = model(pixel_values, input_ids, attention_mask)
    if per_image.requires_grad:
        (per_image * cotangent(per_image, seed)).sum().backward()
    return {f"{key} of the backbone": grad for key, grad in gradients(backbone).items()}


def _filled_attention(ns, dim, num_heads, out_dim, seed):
    """An AttentionHead whose function depends on the seed, however its layers are kept.

    Query, key and value matrices get the same numbers, be they one matrix (3 dim, dim) or three;
    the query gets the same in whatever shape it has.
    """
    head = ns.AttentionHead(dim, num_heads, out_dim)
    with torch.no_grad():
        for p in head.parameters():
            shape = [n for i, n in enumerate(p.shape) if n > 1 or i == p.dim() - 1]
            thrice = len(shape) > 0 and shape[0] == 3 * dim and 3 * dim != out_dim
            shape = [dim, *shape[1:]] if thrice else shape
            values = np.random.default_rng([seed, *shape]).standard_normal(shape)
            values = values / (shape[1] ** 0.5 if len(shape) > 1 else 1.5)
            values = np.concatenate([values] * 3) if thrice else values
            p.copy_(torch.as_tensor(values, dtype=p.dtype).reshape(p.shape))
    return head.eval()


def attention(ns, tokens, num_heads, out_dim, seed):
    head = _filled_attention(ns, tokens.shape[2], num_heads, out_dim, seed)
    return {"output": plain(head(tokens)), "patches afterwards": plain(tokens).sum(axis=(1, 2))}


def attention_learning(ns, tokens, num_heads, out_dim, seed):
    head = _filled_attention(ns, tokens.shape[2], num_heads, out_dim, seed)
    out = head(tokens)
    if out.requires_grad:
        (out * cotangent(out, seed)).sum().backward()
    grads = [p.grad for p in head.parameters()]
    moving = sum(g.numel() for g in grads if g is not None and g.abs().max() > 1e-9)
    return {
        "numbers that learn": sum(p.numel() for p in head.parameters() if p.requires_grad),
        "numbers that get a gradient": moving,
    }


class Paper(torch.optim.Optimizer):
    """Gradient descent with a weight decay that does not depend on the rate."""

    def __init__(self, groups):
        super().__init__(groups, {"lr": 0.05})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.mul_(0.5)
                if p.grad is not None:
                    p.sub_(group["lr"] * p.grad)


def groups(ns, backbone_lr, head_lr, frozen=False):
    torch.manual_seed(3)
    backbone = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    head = nn.Linear(3, 2)
    if frozen:
        backbone.requires_grad_(False)
        head.requires_grad_(False)
    before = [plain(p) for p in (*backbone.parameters(), *head.parameters())]
    made = ns.parameter_groups(backbone, head, backbone_lr, head_lr)
    optimizer = Paper(made)
    rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}
    out = {}
    for name, module in (("backbone", backbone), ("head", head)):
        out[f"rates of the {name}"] = [float(rates.get(id(p), -1)) for p in module.parameters()]
        out[f"the {name} needs gradients"] = [p.requires_grad for p in module.parameters()]
    value = head(backbone(torch.ones(2, 4))).pow(2).sum()
    if value.requires_grad:
        value.backward()
    optimizer.step()
    after = [plain(p) for p in (*backbone.parameters(), *head.parameters())]
    out["weights that a decay or a step changed"] = [
        bool((a != b).any()) for a, b in zip(before, after, strict=True)
    ]
    return out


class Pairs(nn.Module):
    """A neutral stand-in for a model of pairs: cosines of features, turned by what learns.

    The scale makes gradients longer than 1. It knows whether it ran inside of an autocast.
    """

    def __init__(self, seed):
        super().__init__()
        self.image, self.text = nn.Linear(DIM, 4), nn.Linear(DIM, 4)
        for i, layer in enumerate((self.image, self.text)):
            fill(layer, seed + i)
        self.precision = []

    def forward(self, pixel_values, input_ids, attention_mask):
        mixed = getattr(torch.autocast, "depth", 0) > 0
        self.precision.append("inside" if mixed else "outside")
        images = nn.functional.normalize(self.image(pixel_values), dim=1)
        texts = nn.functional.normalize(self.text(input_ids), dim=1)
        logits = 12 * images @ texts.T
        return logits, logits.T


def _step(ns, model, images, texts, optimizer, scaler=None):
    batch = {
        "pixel_values": images / images.norm(dim=1, keepdim=True),
        "input_ids": texts / texts.norm(dim=1, keepdim=True),
        "attention_mask": torch.ones(len(texts), dtype=torch.long, device=texts.device),
    }
    extra = () if scaler is None else (scaler,)
    return ns.train_step(model, batch, optimizer, *extra)


def step(ns, images, texts, seed, stale=False, scale=None):
    model = Pairs(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scaler = None
    if scale is not None:
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=1)
    if stale:
        for p in model.parameters():
            p.grad = torch.ones_like(p)
    before = weights(model)
    value = number(_step(ns, model, images, texts, optimizer, scaler))
    # As one vector: 16 bits are exact to a share of the longest step, not of each.
    out = {"loss": value, "step of the weights": weights(model).astype(np.float32) - before}
    if scaler is not None:
        out["scale after the step"] = float(scaler.get_scale())
    return out


def step_types(ns, images, texts, seed):
    model = Pairs(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    values = [_step(ns, model, images, texts, optimizer) for _ in range(3)]
    return {
        "the loss is a float": all(isinstance(v, float) for v in values),
        "weights are float32": all(p.dtype == torch.float32 for p in model.parameters()),
        "weights are finite": all(bool(p.isfinite().all()) for p in model.parameters()),
        "the loss falls": bool(values[2] < values[0]),
    }


def step_autocast(ns, images, texts, seed):
    model = Pairs(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    before = weights(model)
    _step(ns, model, images, texts, optimizer)
    return {
        "step of the weights": weights(model) - before,
        "where the model ran": f"{model.precision[0]} of an autocast",
    }


def step_on_gpu(ns, images, texts, seed):
    model = Pairs(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with OnGPU():
        value = _step(ns, model, moved(images), moved(texts), optimizer)
    return {"loss": number(value)}


def step_overflow(ns, images, texts, seed):
    model = Pairs(seed)
    model.image.weight.register_hook(lambda grad: grad * float("inf"))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    _step(ns, model, images, texts, optimizer, scaler)
    return {
        "weights after the step": weights(model),
        "scale after the step": float(scaler.get_scale()),
    }
