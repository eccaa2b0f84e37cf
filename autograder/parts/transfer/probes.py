"""How the checks on features call a student's code; runs beside it, knows no answer."""

import numpy as np
import torch

from autograder.sandbox.on_gpu import OnGPU, moved
from autograder.sandbox.toolkit import from_one, number, plain, text_encoder, unchanged


def loss(ns, images, texts, log_scale):
    kept = images.clone(), texts.clone()
    value = ns.clip_loss(images, texts, torch.tensor(log_scale))
    return {
        "loss": from_one(value) if len(images) == 1 else plain(value),
        "features afterwards": unchanged(kept, images, texts),
    }


def loss_on_gpu(ns, images, texts, log_scale):
    with OnGPU():
        value = ns.clip_loss(moved(images), moved(texts), moved(torch.tensor(log_scale)))
        return {"loss": plain(value.cpu())}


def _backward(value, **leaves):
    if value.requires_grad:
        value.backward()
    return {
        f"gradient of {name}": plain(torch.zeros_like(x) if x.grad is None else x.grad)
        for name, x in leaves.items()
    }


def loss_gradient(ns, images, texts, log_scale):
    t = torch.tensor(log_scale, requires_grad=True)
    value = ns.clip_loss(images.requires_grad_(True), texts.requires_grad_(True), t)
    return _backward(value, images=images, texts=texts, t=t)


def class_weights(ns, names, templates, seed):
    given = list(names), list(templates)
    out = {"weights": plain(ns.zero_shot_weights(text_encoder(seed), names, templates))}
    return {**out, "names and templates afterwards": unchanged(given, names, templates)}


def best(ns, features, weights, **options):
    kept = features.clone(), weights.clone()
    probabilities, indices = ns.top_k(features, weights, **options)
    return {
        "probabilities": plain(probabilities),
        "indices": plain(indices),
        "features and weights afterwards": unchanged(kept, features, weights),
    }


def accuracy(ns, features, labels, weights):
    kept = features.clone(), labels.clone(), weights.clone()
    value = ns.evaluate(features, labels, weights)
    return {
        "accuracy": number(value),
        "the accuracy": type(value).__name__,
        "what it was given, afterwards": unchanged(kept, features, labels, weights),
    }


def probe(ns, train_x, train_y, test_x, test_y, **options):
    accuracy, model = ns.linear_probe(train_x, train_y, test_x, test_y, **options)
    return {
        "accuracy": number(accuracy),
        "probabilities of the model": np.asarray(model.predict_proba(test_x.numpy())),
    }


def probe_settings(ns, train_x, train_y, test_x, test_y, C):
    accuracy, model = ns.linear_probe(train_x, train_y, test_x, test_y, C=C)
    settings = model.get_params()
    return {
        "accuracy is a float": isinstance(accuracy, float),
        "model": type(model).__name__,
        "`C`": number(settings["C"]),
        "`max_iter`": int(settings["max_iter"]),
    }


def probe_on_gpu(ns, train_x, train_y, test_x, test_y):
    inputs = train_x, train_y, test_x, test_y
    with OnGPU():
        accuracy, model = ns.linear_probe(*map(moved, inputs))
    probabilities = np.asarray(model.predict_proba(test_x.numpy()))
    return {"accuracy": number(accuracy), "probabilities of the model": probabilities}


def _array(value):
    return value if isinstance(value, np.ndarray) else plain(value)


def points(ns, images, texts):
    image_points, text_points, _ = ns.joint_pca(images, texts)
    both = [_array(image_points).astype(np.float64), _array(text_points).astype(np.float64)]
    if any(b.ndim != 2 or b.shape[1] != 2 for b in both):
        return {"points of images": both[0], "points of texts": both[1]}
    # A principal component may point either way: the farthest point decides.
    stacked = np.concatenate(both)
    farthest = stacked[np.abs(stacked).argmax(axis=0), [0, 1]]
    signs = np.where(farthest < 0, -1.0, 1.0)
    return {"points of images": both[0] * signs, "points of texts": both[1] * signs}


def gap(ns, images, texts):
    kept = images.clone(), texts.clone()
    *_, value = ns.joint_pca(images, texts)
    return {"gap": number(value), "features afterwards": unchanged(kept, images, texts)}


def gap_on_gpu(ns, images, texts):
    with OnGPU():
        *_, value = ns.joint_pca(moved(images), moved(texts))
        return {"gap": number(value.cpu() if isinstance(value, torch.Tensor) else value)}


def soft_loss(ns, images, texts, **options):
    kept = images.clone(), texts.clone()
    value = ns.soft_target_loss(images, texts, **options)
    return {"loss": plain(value), "features afterwards": unchanged(kept, images, texts)}


def soft_gradient(ns, images, texts, temperature):
    value = ns.soft_target_loss(
        images.requires_grad_(True), texts.requires_grad_(True), temperature=temperature
    )
    return _backward(value, images=images, texts=texts)
