"""How the checks of part ``clip`` call a student's code; runs beside it, knows no answer."""

import contextlib

import numpy as np
import torch
from torch import nn

from autograder.parts.clip.stand_ins import (
    ImageEncoder,
    ProjectionHead,
    TextEncoder,
    Tokenizer,
)
from autograder.sandbox.on_gpu import OnGPU, moved
from autograder.sandbox.toolkit import (
    cotangent,
    defaults,
    fill,
    from_one,
    gradients,
    plain,
    steps,
    unchanged,
)

TEMPERATURE = None  # the problem set's stands behind this module


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


def head(ns, x, dim, seed, size=1.0):
    model = fill(ns.ProjectionHead(x.shape[1], projection_dim=dim), seed)
    with torch.no_grad():
        for p in model.parameters():
            p *= size
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
    found = {n: isinstance(getattr(model, n, None), nn.Module) for n in PARTS}
    heads = {id(getattr(model, name, None)) for name in ("image_projection", "text_projection")}
    return {
        **{f"`{n}`": "a module" if is_there else "no module" for n, is_there in found.items()},
        "heads": "one for each encoder" if len(heads) == 2 else "one for both encoders",
        **defaults(ns.CLIPModel, "temperature", "image_embedding", "text_embedding"),
    }


def filled(ns, seed, temperature=None, spread=1.0):
    """The model with weights that depend on the seed, the temperature its own or another.

    The larger ``spread``, the farther cosines are apart.
    """
    model = ns.CLIPModel() if temperature is None else ns.CLIPModel(temperature=temperature)
    for i, name in enumerate(PARTS):
        fill(getattr(model, name), seed + i)
    with torch.no_grad():
        for p in (*model.image_projection.parameters(), *model.text_projection.parameters()):
            p *= spread
    return model.eval()


def loss(ns, image, input_ids, attention_mask, seed, temperature=None, spread=1.0):
    model = filled(ns, seed, temperature, spread)
    batch = {"image": image, "input_ids": input_ids, "attention_mask": attention_mask}
    kept = dict(batch)
    value = model(batch)
    return {
        "loss": from_one(value) if len(image) == 1 else plain(value),
        "images afterwards": plain(image).mean(axis=(2, 3)),
        "tokens afterwards": plain(input_ids),
        "names in the minibatch afterwards": sorted(batch),
        "what these stand for, afterwards": unchanged(
            list(kept.values()), *(batch.get(name, value) for name, value in kept.items())
        ),
    }


def loss_on_gpu(ns, image, input_ids, attention_mask, seed):
    batch = {"image": image, "input_ids": input_ids, "attention_mask": attention_mask}
    with OnGPU():
        value = moved(filled(ns, seed))(moved(batch)).cpu()
    return {"loss": plain(value)}


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
        self.temperature = TEMPERATURE
        fill(self.text_encoder, seed)  # images come as embeddings
        fill(self.text_projection, seed + 1)


class Names(list):
    """File names that count how often one is taken out by its number."""

    taken = 0

    def __getitem__(self, i):
        self.taken += not isinstance(i, slice)
        return super().__getitem__(i)


def retrieved(ns, embeddings, query, names, seed, k=None, as_array=False, kind=False):
    files = np.array(names) if as_array else list(names)
    kept = embeddings.clone()
    options = {} if k is None else {"k": k}
    with in_any_order():
        found = ns.retrieve_images(Searched(seed), embeddings, query, files, **options)
    return {
        **({"what comes out": f"{type(found).__name__}"} if kind else {}),
        "file names": listed(found),
        "embeddings afterwards": unchanged([kept], embeddings),
        "file names afterwards": unchanged([names], list(map(str, files))),
    }


def retrieved_around(ns, embeddings, cosines, query, names, seed, k):
    """Of images that are turned towards the query, each as far as its cosine says."""
    model, tokens = Searched(seed), Tokenizer()([query], return_tensors="pt")
    with torch.no_grad():
        text = model.text_projection(model.text_encoder(**tokens))[0].double()
    length = embeddings.double().norm(dim=1, keepdim=True)
    aside = embeddings.double()
    aside = aside - (aside @ text)[:, None] * text
    aside = aside / aside.norm(dim=1, keepdim=True)
    turned = cosines[:, None] * text + (1 - cosines[:, None] ** 2).sqrt() * aside
    with in_any_order():
        found = ns.retrieve_images(model, (length * turned).float(), query, list(names), k=k)
    return {"file names": listed(found)}


@contextlib.contextmanager
def in_any_order():
    """`argpartition` promises no order on either side; some processors keep one all the same."""
    original = np.argpartition

    def argpartition(a, kth, *args, **kwargs):
        found = original(a, kth, *args, **kwargs)
        if isinstance(kth, int | np.integer) and found.ndim == 1:
            sides = found[:kth][::-1], found[kth:][:1], found[kth:][1:][::-1]
            found = np.concatenate(sides)
        return found

    np.argpartition = argpartition
    try:
        yield
    finally:
        np.argpartition = original


def retrieved_on_gpu(ns, embeddings, query, names, seed, k):
    with OnGPU():
        model, gpu = moved(Searched(seed)), moved(embeddings)
        found = ns.retrieve_images(model, gpu, query, list(names), k=k)
    return {"file names": listed(found)}


def listed(found):
    if isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    if not isinstance(found, list | tuple):
        dims = f" of {found.ndim} dimensions" if isinstance(found, np.ndarray) else ""
        raise TypeError(f"expected an array of file names, got {type(found).__name__}{dims}")
    return [str(name) for name in found]


def retrieve_work(ns, few, many, fewer_names):
    """The first two search few and many images for all of them; the last, many for few."""
    counts = []
    for inputs in (few, many, fewer_names):
        names = Names(inputs["names"])
        embeddings = torch.from_numpy(inputs["embeddings"])
        arguments = Searched(inputs["seed"]), embeddings, inputs["query"], names
        count = steps(lambda a=arguments, k=inputs["k"]: ns.retrieve_images(*a, k=k))
        counts.append(count + names.taken)
    more = (len(many["names"]) - len(few["names"])) / 2
    return {
        "as much work in Python for many images as for few": counts[1] - counts[0] <= more,
        "evidence": [counts[2] - counts[0] > more],
    }
