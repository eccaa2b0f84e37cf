"""How the checks of part ``clip`` call a student's code; runs beside it, knows no answer."""

import numpy as np
import torch
from torch import nn

from autograder.parts.clip.stand_ins import ImageEncoder, ProjectionHead, TextEncoder
from autograder.sandbox.on_cpu import OnCPU
from autograder.sandbox.toolkit import GPUTensor, cotangent, fill, from_one, gradients, plain, steps


def shape(ns, sizes, seed):
    torch.manual_seed(seed)
    out = {}
    for B, embedding_dim, projection_dim in sizes:
        head = ns.ProjectionHead(embedding_dim, projection_dim=projection_dim)
        key = f"shape for ({B}, {embedding_dim}) and projection_dim={projection_dim}"
        out[key] = list(head(torch.randn(B, embedding_dim)).shape)
    default = ns.ProjectionHead(6)(torch.randn(2, 6))
    return {**out, "shape without projection_dim": list(default.shape)}


def parameters(ns, embedding_dim):
    shapes = sorted(list(p.shape) for p in ns.ProjectionHead(embedding_dim).parameters())
    return {"parameters": sum(int(np.prod(s)) for s in shapes), "their shapes": shapes}


def head(ns, x, dim, seed):
    model = fill(ns.ProjectionHead(x.shape[1], projection_dim=dim), seed)
    return {"output": plain(model(x)), "input afterwards": plain(x)}


def head_gradient(ns, x, dim, seed):
    model = fill(ns.ProjectionHead(x.shape[1], projection_dim=dim), seed)
    x.requires_grad_(True)
    y = model(x)
    if y.requires_grad:
        (y * cotangent(y, seed)).sum().backward()
    grad = torch.zeros_like(x) if x.grad is None else x.grad
    return {"gradient of the features": plain(grad), **gradients(model)}


PARTS = ("image_encoder", "text_encoder", "image_projection", "text_projection")


def parts(ns):
    model = ns.CLIPModel()
    out = {f"`{n}` is a module": isinstance(getattr(model, n, None), nn.Module) for n in PARTS}
    heads = {id(getattr(model, name, None)) for name in ("image_projection", "text_projection")}
    return {**out, "each encoder has a head of its own": len(heads) == 2}


def filled(ns, seed, temperature=None):
    """The model with weights that depend on the seed, the temperature its own or another."""
    model = ns.CLIPModel() if temperature is None else ns.CLIPModel(temperature=temperature)
    for i, name in enumerate(PARTS):
        fill(getattr(model, name), seed + i)
    return model.eval()


def loss(ns, image, input_ids, attention_mask, seed, temperature=None):
    model = filled(ns, seed, temperature)
    batch = {"image": image, "input_ids": input_ids, "attention_mask": attention_mask}
    value = model(batch)
    return {
        "loss": from_one(value) if len(image) == 1 else plain(value),
        "images afterwards": plain(image).mean(axis=(2, 3)),
        "tokens afterwards": plain(input_ids),
        "names in the minibatch afterwards": sorted(batch),
    }


def loss_gradient(ns, image, input_ids, attention_mask, seed, parts):
    model = filled(ns, seed)
    model.requires_grad_(True)
    value = model({"image": image, "input_ids": input_ids, "attention_mask": attention_mask})
    if value.requires_grad:
        value.backward()
    out = {}
    for name in parts:
        for key, grad in gradients(getattr(model, name)).items():
            out[f"{key} of `{name}`"] = grad
    return out


def loss_work(ns, small, large):
    counts = []
    for inputs in (small, large):
        batch = {k: torch.from_numpy(v) for k, v in inputs.items() if k != "seed"}
        model = filled(ns, inputs["seed"])
        counts.append(steps(lambda model=model, batch=batch: model(batch)))
    grows = counts[1] - counts[0] > (len(large["image"]) - len(small["image"])) / 2
    return {"as much work in Python for many pairs as for few": not grows}


class Searched(nn.Module):
    """A model as `retrieve_images` meets it."""

    def __init__(self, seed):
        super().__init__()
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        self.image_projection, self.text_projection = ProjectionHead(2048), ProjectionHead(768)
        self.temperature = 0.07
        for i, name in enumerate(PARTS):
            fill(getattr(self, name), seed + i)


class Names(list):
    """File names that count how often one is taken out by its number."""

    taken = 0

    def __getitem__(self, i):
        self.taken += not isinstance(i, slice)
        return super().__getitem__(i)


def retrieved(ns, embeddings, query, names, k, seed, as_array=False, on_gpu=False):
    files = np.array(names) if as_array else list(names)
    kept = embeddings.clone()
    if on_gpu:
        with OnCPU():
            gpu = embeddings.as_subclass(GPUTensor)
            found = ns.retrieve_images(Searched(seed), gpu, query, files, k=k)
    else:
        found = ns.retrieve_images(Searched(seed), embeddings, query, files, k=k)
    return {
        "file names": listed(found),
        "embeddings afterwards": bool(torch.equal(kept, embeddings)),
        "file names afterwards": list(map(str, files)) == names,
    }


def listed(found):
    if isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    if not isinstance(found, list | tuple):
        raise TypeError(f"expected an array of file names, got {type(found).__name__}")
    return [str(name) for name in found]


def retrieve_work(ns, small, large):
    counts = []
    for inputs in (small, large):
        names = Names(inputs["names"])
        embeddings = torch.from_numpy(inputs["embeddings"])
        arguments = Searched(inputs["seed"]), embeddings, inputs["query"], names
        count = steps(lambda a=arguments, k=inputs["k"]: ns.retrieve_images(*a, k=k))
        counts.append(count + names.taken)
    grows = counts[1] - counts[0] > (len(large["names"]) - len(small["names"])) / 2
    return {
        "as much work in Python for many images as for few": not grows,
        "evidence": [names.taken > 0],
    }
