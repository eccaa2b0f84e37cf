"""Claims against the models behind them: what was handed in is run again, and nothing trained."""

import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from safetensors.numpy import load, save
from shipped import COURSE, basis, compose

from autograder.authoring.audit import RememberingSandbox
from autograder.authoring.reference import reference
from autograder.batch.run import grade_all
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.gradescope import build as gradescope
from autograder.grading import measured as models
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.grading.measured import HeldOut, held_out, pack, verdict
from autograder.grading.reported import MEASURED, REQUIRED
from autograder.model import QuestionResult
from autograder.paths import ROOT
from autograder.reading.collect import collect
from helpers.handing.claims import Result
from helpers.notebook import RESULT

pytestmark = pytest.mark.trains

PS = COURSE.problem_set("ps_cmc")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a student's hand-in zip holds, of the reference run in the mini profile."""
    folder = tmp_path_factory.mktemp("handed in")
    notebook = folder / "ps_cmc.ipynb"
    nbformat.write(reference(PS, COURSE), notebook)
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "hand-in", str(notebook)],
        env={"HELPERS_DATA": str(ROOT / "build" / "data"), **os.environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(notebook.with_suffix(".zip")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(basis(PS), RememberingSandbox) as grader:
        yield grader


def zipped(files: dict[str, bytes], folder: Path) -> Path:
    path = folder / "student.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def graded(grader: Grader, path: Path) -> dict[str, QuestionResult]:
    (found,) = collect([path])
    report = grader.grade(grader.load(found))
    assert report.problem == "" and report.fault == ""
    return {q.question.id: q for q in report.questions}


def measured(result: QuestionResult) -> bool | None:
    """The verdict of the models, None where none was measured."""
    return next((c.passed for c in result.checks if c.name == MEASURED), None)


def renamed(files: dict[str, bytes], name: str, model: str) -> dict[str, bytes]:
    """The same hand-in, whose notebook names another model behind a result."""
    notebook = json.loads(files["ps_cmc.ipynb"])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            result = output.get("data", {}).get(RESULT, {})
            if result.get("name") == name:
                result["model"] = model
    return {**files, "ps_cmc.ipynb": json.dumps(notebook).encode()}


def with_model(files: dict[str, bytes], name: str, data: bytes) -> dict[str, bytes]:
    """The same hand-in, with another model behind a result, to which the notebook agrees."""
    changed = renamed(files, name, hashlib.sha256(data).hexdigest())
    return {**changed, f"{name}.safetensors": data}


def test_the_references_models_reach_what_it_printed(
    files: dict[str, bytes], grader: Grader, tmp_path: Path
) -> None:
    names = {"unsupervised", "supervised", "random", "cmc"}
    assert {f"{name}.safetensors" for name in names} <= set(files)
    results = graded(grader, zipped(files, tmp_path))
    for id in ("report_autoencoder", "report_cmc"):
        assert measured(results[id]) is True
        assert results[id].score == 1 and results[id].notes == []
        assert results[id].verified is True


def test_models_beside_the_notebook_count_as_well(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "student"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    compose(PS.id)
    (report,) = grade_all([folder], PS, COURSE, tmp_path / "out").reports
    results = {q.question.id: q for q in report.questions}
    assert measured(results["report_autoencoder"]) is measured(results["report_cmc"]) is True


def test_a_claim_that_its_model_does_not_reach_costs_its_check(
    files: dict[str, bytes], grader: Grader, tmp_path: Path
) -> None:
    forged = with_model(files, "supervised", files["random.safetensors"])
    results = graded(grader, zipped(forged, tmp_path))
    assert measured(results["report_autoencoder"]) is False
    assert results["report_autoencoder"].score == 0.75
    assert results["report_autoencoder"].verified is False
    said = results["report_autoencoder"].checks[-1].message
    reached = re.match(r"The model behind supervised reaches (0\.\d+) on images", said)
    assert reached and float(reached[1]) < 0.35  # as a random encoder does
    assert measured(results["report_cmc"]) is True and results["report_cmc"].score == 1


def test_a_printed_line_takes_no_results_place(
    files: dict[str, bytes], grader: Grader, tmp_path: Path
) -> None:
    forged = with_model(files, "supervised", files["random.safetensors"])
    notebook = json.loads(forged["ps_cmc.ipynb"])
    line = "supervised: test accuracy 0.2500 (mini profile)\n"
    notebook["cells"][-1] |= {"outputs": [{"output_type": "stream", "text": line}]}
    forged["ps_cmc.ipynb"] = json.dumps(notebook).encode()
    results = graded(grader, zipped(forged, tmp_path))
    assert measured(results["report_autoencoder"]) is False
    assert results["report_autoencoder"].score == 0.75


def unnamed(files: dict[str, bytes]) -> dict[str, bytes]:
    """With the printed lines alone, as a student can write them."""
    notebook = json.loads(files["ps_cmc.ipynb"])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(RESULT, None)
    return {**files, "ps_cmc.ipynb": json.dumps(notebook).encode()}


AVOIDED: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "left out": lambda files: {"ps_cmc.ipynb": files["ps_cmc.ipynb"]},
    "one left out": lambda files: {n: f for n, f in files.items() if "random" not in n},
    "a hash that is nowhere": lambda files: {
        **with_model(files, "random", b"nowhere"), "random.safetensors": b"another"},
    "a hash that is none": lambda files: renamed(files, "random", "../../etc/passwd"),
    "no weights": lambda files: with_model(files, "random", b"x" * 99),
    "weights that do not fit": lambda files: with_model(
        files, "random", save({"encoder/000/a": np.zeros((3, 3), np.float32)})),
    "printed lines alone": unnamed,
}  # fmt: skip


@pytest.mark.parametrize("name", AVOIDED)
def test_an_accuracy_that_nobody_can_verify_counts_and_is_flagged(
    files: dict[str, bytes], grader: Grader, tmp_path: Path, name: str
) -> None:
    result = graded(grader, zipped(AVOIDED[name](files), tmp_path))["report_autoencoder"]
    assert result.score == 1 and result.verified is False
    assert len(result.notes) == 1 and "random was" in result.notes[0]


def test_where_models_are_required_an_accuracy_without_one_counts_nothing(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    with Grader(basis(replace(PS, verify="required"))) as strict:
        result = graded(strict, zipped(AVOIDED["one left out"](files), tmp_path))
        assert result["report_autoencoder"].score == 0
        assert result["report_autoencoder"].verified is False
        assert result["report_cmc"].score == 1 and result["report_cmc"].verified is True
        assert {c.message for c in result["report_autoencoder"].checks} == {REQUIRED}


def test_a_model_that_cannot_be_unpacked_costs_nothing(
    files: dict[str, bytes], grader: Grader, tmp_path: Path
) -> None:
    path = zipped(files, tmp_path)
    data = path.read_bytes()
    place = data.index(b"random.safetensors") + 5000  # inside of its contents
    path.write_bytes(
        data[:place] + bytes(b ^ 255 for b in data[place : place + 9]) + data[place + 9 :]
    )
    results = graded(grader, path)
    assert results["report_autoencoder"].score == 1
    assert measured(results["report_autoencoder"]) is True  # the other two


def test_other_names_and_orders_of_layers_are_the_same_network(
    files: dict[str, bytes], grader: Grader, tmp_path: Path
) -> None:
    renamed = {
        key.replace("/encoder.", "/layers."): value
        for key, value in load(files["supervised.safetensors"]).items()
    }
    other = with_model(files, "supervised", save(renamed))
    assert measured(graded(grader, zipped(other, tmp_path))["report_autoencoder"]) is True


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"encoder": [1.0]}),
        save({"encoder/000/a": np.zeros((3, 3), np.float32)}),
        save({"classifier/000/weight": np.zeros((10, 1_000_000 // 10), np.float32)}),
        save(
            {"classifier/000/weight": np.zeros((10, 384), np.float32), "x": np.zeros(1, np.int64)}
        ),
    ],
    ids=["a pickle", "no classifier", "a wide classifier", "other names"],
)
def test_a_refused_file_costs_nothing_and_is_told(
    files: dict[str, bytes], grader: Grader, tmp_path: Path, data: bytes
) -> None:
    results = graded(grader, zipped(with_model(files, "random", data), tmp_path))
    report = results["report_autoencoder"]
    assert report.score == 1 and measured(report) is True  # the other two were measured
    (note,) = report.notes
    assert note.startswith("The model behind random was not used: it")


def test_images_survive_packing(tmp_path: Path) -> None:
    held = held_out("mini", ROOT)
    assert held and held.images.shape == (1000, 3, 64, 64) and held.total == 1000
    (tmp_path / "held_out").mkdir()
    (tmp_path / "held_out" / "mini.npz").write_bytes(pack(held))
    again = held_out("mini", tmp_path)
    assert again and np.array_equal(again.images, held.images)
    assert np.array_equal(again.labels, held.labels) and again.total == held.total
    assert pack(held) == pack(again)


def test_gradescopes_upload_brings_the_images(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in gradescope.contents(PS, COURSE).items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    monkeypatch.setattr(models, "_folder", lambda profile: tmp_path / "no data here")
    packed = Course(tmp_path / "source", PUBLIC_SECRET)
    with Grader(Basis.load(packed.problem_set(PS.id), packed)) as grader:
        results = graded(grader, zipped(files, tmp_path))
    assert measured(results["report_autoencoder"]) is measured(results["report_cmc"]) is True


def test_without_the_full_data_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path))
    assert held_out("full", tmp_path) is None


def test_the_tolerance_is_that_of_a_sample() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros(8000, np.int64)
    right = rng.permutation(8000) < 3200  # the model is right on 0.4 of all
    shares = [np.mean(right[rng.choice(8000, 1000, replace=False)]) for _ in range(2000)]
    held = HeldOut(np.empty((1000, 0)), labels[:1000], 8000)
    assert held.tolerance(0.4) - 0.01 == pytest.approx(4 * np.std(shares), rel=0.06)
    whole = HeldOut(np.empty((8000, 0)), labels, 8000)
    assert whole.tolerance(0.4) == 0.01


@pytest.mark.parametrize(("hits", "wrong"), [(500, False), (509, False), (511, True), (489, True)])
def test_claim_and_measurement_are_compared_with_it(hits: int, wrong: bool) -> None:
    held = HeldOut(np.empty((1000, 0)), np.zeros(1000, np.int64), 1000)
    classes = (np.arange(1000) >= hits).astype(np.int64)
    said = verdict(Result("cmc", 0.5, "mini"), classes, held)
    assert bool(said) is wrong
