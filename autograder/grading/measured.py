"""The models behind reported results: read as data, run in the sandbox, measured again.

A hand-in may hold the weights of an encoder and a linear classifier for a result. They are put
into the reference's own architecture, and classify images that nobody trained on: what the
notebook printed has to be near the accuracy that they reach.
"""

import functools
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.grading.basis import Basis
from autograder.parts.declare import Architecture, Part
from autograder.paths import ROOT
from autograder.reading.answers import Model
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job
from helpers._session import data_folder
from helpers.handing.claims import Result

IMAGES = 1000
SIDE = 64
ROUNDING = 0.01  # of one processor against another, and of Lab images kept in half precision


@dataclass(frozen=True)
class HeldOut:
    """Labeled images that were not trained on, ``total`` in all, of which these were taken.

    ``images`` is (N, 3, 64, 64) uint8, the centres of STL-10's test images; ``labels`` (N,) int64.
    """

    images: np.ndarray
    labels: np.ndarray
    total: int

    def tolerance(self, accuracy: float) -> float:
        """How far from an accuracy on all images that on these may be: four standard deviations.

        Of a sample without replacement: sqrt(p (1 - p) / n · (N - n) / (N - 1)).
        """
        n = len(self.labels)
        spread = accuracy * (1 - accuracy) / n * (self.total - n) / max(1, self.total - 1)
        return ROUNDING + 4 * math.sqrt(spread)


@functools.cache
def held_out(profile: str, root: Path) -> HeldOut | None:
    """The images to measure with: those packed beside the course, else from this machine's data.

    None where the full profile's data are not here; the mini profile's are made when needed.
    """
    packed = root / "held_out" / f"{profile}.npz"
    if packed.is_file():
        with np.load(packed, allow_pickle=False) as file:
            return HeldOut(file["images"], file["labels"], int(file["total"]))
    from helpers.data.stl10_files import read_images, read_labels

    folder = _folder(profile)
    if not (folder / "test_X.bin").is_file():
        return None
    images = read_images(folder / "test_X.bin")
    labels = read_labels(folder / "test_y.bin", len(images))
    chosen = np.linspace(0, len(images) - 1, min(IMAGES, len(images))).round().astype(int)
    edge = (images.shape[-1] - SIDE) // 2
    inner = slice(edge, edge + SIDE)
    return HeldOut(
        np.ascontiguousarray(images[chosen, :, inner, inner]), labels[chosen], len(images)
    )


def _folder(profile: str) -> Path:
    if profile == "mini":
        from helpers.data.mini_data import make_mini

        return make_mini(ROOT / "build" / "data")
    return data_folder() / "stl10_binary"


def pack(held: HeldOut) -> bytes:
    """The images as a file that ``held_out`` reads."""
    file = io.BytesIO()
    np.savez_compressed(file, images=held.images, labels=held.labels, total=np.int64(held.total))
    return file.getvalue()


@dataclass(frozen=True)
class Measured:
    """What is ``wrong`` with results, by how many ``models`` that could be measured.

    ``verified`` says that each result was measured, and reached.
    """

    wrong: str
    models: int
    verified: bool
    notes: list[str]


class Measurement:
    """Measures handed-in weights in the reference's own architecture."""

    def __init__(self, basis: Basis, sandbox: Sandbox) -> None:
        self.basis, self.sandbox = basis, sandbox

    def measure(
        self,
        results: Sequence[Result],
        models: Mapping[str, Model],
        how: Architecture,
        part: Part,
    ) -> Measured:
        """Compare results with what the models behind them reach.

        ``models`` are weights by the hash that a result names.
        """
        wrong, notes, absent, measured = [], [], [], 0
        for result in results:
            weights = models.get(result.model)
            if weights is None:
                absent.append(result.name)
                continue
            model = f"The model behind {result.name}"
            held = held_out(result.profile, self.basis.course.root)
            if held is None:
                profile = result.profile
                notes.append(f"{model} was not measured: the {profile} images are not here.")
                continue
            if isinstance(weights, str):
                notes.append(f"{model} was not used: {weights}.")
                continue
            classes = self._classes(how, part, held, weights)
            if not isinstance(classes, np.ndarray) or classes.shape != held.labels.shape:
                notes.append(f"{model} was not used: its weights do not fit this network.")
                continue
            measured += 1
            wrong.append(verdict(result, classes, held))
        if absent:
            notes.append(
                f"No model behind {', '.join(absent)} was handed in, so nobody could verify "
                f"{'this accuracy' if len(absent) == 1 else 'these accuracies'}: hand in the zip "
                "that helpers.hand_in() writes."
            )
        said = " ".join(filter(None, wrong))
        return Measured(said, measured, not said and measured == len(results), notes)

    def _classes(
        self, how: Architecture, part: Part, held: HeldOut, arrays: dict[str, np.ndarray]
    ) -> Any:
        """The classes that the weights choose, as claimed."""
        answers = self.basis.reference.answers
        answer, *others = (answers[id] for id in how.answers if id in answers)
        # what the problem set's other parts do not ask for is given as it is
        all_there = all(id in answers for id in how.answers)
        call = Call(how.probe, {"images": held.images, "weights": arrays})
        given = tuple(self.basis.release.given)
        run = self.sandbox.run(
            Job(
                answer,
                (),
                self.basis.probes[part.name],
                (call,),
                given,
                (),
                tuple(others),
                self.basis.stand_ins[part.name] if all_there else {},
            )
        )
        outcome = run.outcomes[0] if run.outcomes else None
        return outcome.get("classes") if isinstance(outcome, dict) else None


def verdict(result: Result, classes: np.ndarray, held: HeldOut) -> str:
    """What is wrong with a result, given the classes (N,) that its model chose; else empty."""
    reached = float((classes == held.labels).mean())
    printed = result.accuracy
    if abs(reached - printed) <= held.tolerance(printed):
        return ""
    return (
        f"The model behind {result.name} reaches {reached:.2f} on images that it has not seen, "
        f"where the notebook printed {printed:.2f}: run the notebook from top to bottom, and hand "
        "in what that run wrote."
    )
