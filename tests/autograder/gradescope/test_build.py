import ast
import importlib.metadata
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from handed_in import archive
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from refused import CALLS
from reports import SCHEMA
from shipped import COURSE

from autograder.authoring.compose import composed
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.gradescope import build as gradescope
from autograder.grading.grade import Grader
from autograder.model import Budget, CourseError, ProblemSet, Question
from autograder.paths import ROOT
from autograder.sandbox.job import SandboxError

pytestmark = pytest.mark.slow

PS = "ps_autoencoder"


@pytest.fixture(scope="module", autouse=True)
def public_secret() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_PUBLIC_SECRET", "1")
        yield


@pytest.fixture
def without_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known mistakes are not run, where they are not what is looked at."""
    monkeypatch.setattr(gradescope, "_known", lambda ps, course: {f"build/known/{ps.id}": b""})


@pytest.fixture(scope="module")
def packed() -> dict[str, bytes]:
    return gradescope.contents(COURSE.problem_set(PS), COURSE)


@pytest.fixture(scope="module")
def ps(request: pytest.FixtureRequest) -> ProblemSet:
    return COURSE.problem_set(getattr(request, "param", PS))


@pytest.fixture(scope="module")
def installed(public_secret: None, ps: ProblemSet) -> Iterator[Path]:
    """A base folder as Gradescope lays it out, after its setup.sh."""
    base = Path(tempfile.mkdtemp(prefix="gradescope-"))
    base.chmod(0o755)  # answers run as other users, below pytest's own private folder they cannot
    with pytest.MonkeyPatch.context() as patch:
        if ps.id != PS:  # those answers are right: what mistakes give is not asked for
            patch.setattr(gradescope, "_known", lambda ps, course: {})
        gradescope.build(ps, COURSE, base / "upload.zip")
    with zipfile.ZipFile(base / "upload.zip") as archive:
        archive.extractall(base / "source")
    shutil.copy(base / "source" / "run_autograder", base)
    subprocess.run(["bash", base / "source" / "setup.sh"], check=True, env=environment())
    yield base
    shutil.rmtree(base)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "COURSE_PYTHON": sys.executable, **more}


def grade(
    base: Path, files: dict[str, bytes], **more: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run run_autograder on a submission of these files: its exit status and results.json."""
    for name in ("submission", "results"):
        shutil.rmtree(base / name, ignore_errors=True)
        (base / name).mkdir()
    (base / "submission_metadata.json").write_text('{"previous_submissions": "KEEP-THIS-SECRET"}')
    for name, content in files.items():
        (base / "submission" / name).write_bytes(content)
    done = subprocess.run(
        ["bash", base / "run_autograder"], env=environment(**more), capture_output=True, text=True
    )
    results = json.loads((base / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, SCHEMA)
    return done, results


def with_answer(question: str, source: str) -> bytes:
    """The reference, with another answer to one question, as bytes."""
    notebook = json.loads(composed(COURSE.problem_set(PS), COURSE))
    [cell] = [c for c in notebook["cells"] if c["id"] == question]
    cell["source"] = source
    return json.dumps(notebook).encode()


def scores(results: dict[str, Any]) -> dict[str, float]:
    return {t["extra_data"]["question"]: t["score"] for t in results["tests"]}


def test_the_zip_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        gradescope.build(COURSE.problem_set(PS), COURSE, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_zip_holds_what_grades_and_nothing_else(
    tmp_path: Path, packed: dict[str, bytes]
) -> None:
    said = gradescope.build(COURSE.problem_set(PS), COURSE, tmp_path / "up.zip")
    assert "secret" in said
    with zipfile.ZipFile(tmp_path / "up.zip") as archive:
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
    assert set(modes) == set(packed)
    assert {n for n, m in modes.items() if m == 0o755} == {"setup.sh", "run_autograder"}
    assert modes[f"secrets/{PS}"] == 0o600
    needed = {"requirements.txt", "course.toml", "problem_set", "autograder/grading/grade.py"}
    needed |= {"helpers/learning/training.py", "autograder/parts/autoencoder/mistakes.toml"}
    needed |= {f"notebooks/{PS}/{PS}.ipynb", f"solutions/{PS}/{PS}.ipynb"}
    assert needed <= set(modes)
    for name in ("release", "execute", "audit", "nbgrader", "pages", "batch", "__main__"):
        assert f"autograder/{name}.py" not in modes
    assert not [n for n in modes if "templates" in n or n.endswith(".pyc")]


@pytest.mark.parametrize("id", COURSE.ids)
@pytest.mark.usefixtures("without_known")
def test_what_a_grade_may_take_fits_gradescopes_timeout(tmp_path: Path, id: str) -> None:
    ps = COURSE.problem_set(id)
    assert "timeout" not in gradescope.build(ps, COURSE, tmp_path / "up.zip")
    slow = replace(ps, limits=Budget(seconds=20, submission=300))
    said = gradescope.build(slow, COURSE, tmp_path / "up.zip")
    assert "to at least 16 minutes, or lower `submission`" in said and "by 175." in said
    fits = replace(slow, limits=replace(slow.limits, submission=125))
    assert "timeout" not in gradescope.build(fits, COURSE, tmp_path / "up.zip")


def test_what_is_packed_imports_only_what_its_lock_installs(packed: dict[str, bytes]) -> None:
    allowed = {
        *sys.stdlib_module_names,
        "autograder",
        "helpers",
        "msgspec",
        "numpy",
        "safetensors",
        "torch",
    }
    for name, content in packed.items():
        if not (name.startswith("autograder/") and name.endswith(".py")):
            continue
        for node in ast.walk(ast.parse(content)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            if name == "autograder/reading/layouts.py":
                names = [n for n in names if n != "yaml"]  # when a class is found, which is none
            assert {n.partition(".")[0] for n in names} <= allowed, name


def test_the_short_lock_is_what_grading_and_answers_import_as_in_the_long_one() -> None:
    lines = [
        line
        for line in (ROOT / "requirements-gradescope.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert set(lines) <= set((ROOT / "requirements.lock").read_text().splitlines())
    needed: set[str] = set()
    waiting = ["torch", "numpy", "msgspec", "safetensors", "scikit-learn"]
    waiting += ["torchvision", "transformers"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        # CUDA's packages: torch's own wheel pins them, where it is one with CUDA.
        if name in needed or name.startswith(("nvidia-", "cuda-", "triton")):
            continue
        needed.add(name)
        for requirement in map(Requirement, importlib.metadata.requires(name) or []):
            if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    assert {Requirement(line).name for line in lines} == needed


@pytest.mark.usefixtures("without_known")
def test_the_index_of_torch_is_the_instructors_choice(
    tmp_path: Path, packed: dict[str, bytes]
) -> None:
    assert packed["requirements.txt"] == (ROOT / "requirements-gradescope.txt").read_bytes()
    assert "torch_index" in gradescope.build(COURSE.problem_set(PS), COURSE, tmp_path / "up.zip")
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    toml = (ROOT / "course.toml").read_text()
    index = 'torch_index = "https://wheels.example.org/cpu"'
    (tmp_path / "course.toml").write_text(toml.replace('torch_index = ""', index))
    course = Course(tmp_path, PUBLIC_SECRET)
    ps = course.problem_set(PS)
    first, _, rest = gradescope.contents(ps, course)["requirements.txt"].partition(b"\n")
    assert first == b"--extra-index-url https://wheels.example.org/cpu"
    assert rest == packed["requirements.txt"]
    assert "torch_index" not in gradescope.build(ps, course, tmp_path / "up.zip")
    course.release_path(PS).unlink()
    with pytest.raises(CourseError, match="autograder release"):
        gradescope.build(ps, course, tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


def test_where_answers_cannot_be_kept_apart_the_zip_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Grader, question: Question) -> None:
        raise SandboxError("nothing keeps answers apart here")

    monkeypatch.setattr(Grader, "prepare", refuse)
    out = tmp_path / "up.zip"
    said = gradescope.build(COURSE.problem_set(PS), COURSE, out)
    assert "Known mistakes could not be run on this machine" in said
    with zipfile.ZipFile(out) as made:
        assert not [name for name in made.namelist() if name.startswith("build/")]


def test_setup_lets_others_read_helpers_alone(installed: Path) -> None:
    source = installed / "source"
    assert stat.S_IMODE(source.stat().st_mode) == 0o755
    assert stat.S_IMODE((source / "helpers" / "learning" / "training.py").stat().st_mode) == 0o644
    for path in source.iterdir():
        if path.name != "helpers":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("ps", ["ps_autoencoder", "ps_cmc", "ps_clip"], indirect=True)
def test_a_submission_is_graded(installed: Path, ps: ProblemSet) -> None:
    files = {f"{ps.id}.ipynb": composed(ps, COURSE).encode(), "report.pdf": b"%PDF-1.7"}
    done, results = grade(installed, files)
    assert done.returncode == 0, done.stderr
    # The reference is not executed here, so that its report question has nothing to show for it.
    right = {q.id: 0 if q.report else q.points for q in ps.questions}
    assert scores(results) == right
    assert results["score"] == sum(right.values())
    assert results["extra_data"]["finished"] is True


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run answers as another user")
def test_an_answer_can_read_nothing_of_the_grader(installed: Path) -> None:
    spy = f"""
import os
from pathlib import Path
for folder, folders, files in os.walk({str(installed)!r}):
    for name in files:
        try:
            text = Path(folder, name).read_text(errors="replace")
        except OSError:
            continue
        if "helpers" not in folder:
            print("READ", name, text[:200])
"""
    answer = f"{spy}\nclass Encoder(nn.Module):\n    pass"
    done, results = grade(installed, {"mine.ipynb": with_answer("encoder", answer)})
    assert done.returncode == 0, done.stderr
    output = {t["extra_data"]["question"]: t["output"] for t in results["tests"]}["encoder"]
    read = set(re.findall(r"READ (\S+)", output))
    # Gradescope's copy of run_autograder and the upload beside it are no part of a container.
    assert read <= {"run_autograder", "upload.zip"}
    assert "KEEP-THIS-SECRET" not in json.dumps(results)
    assert scores(results)["decoder"] == 1
    assert stat.S_IMODE((installed / "results").stat().st_mode) == 0o755


def test_an_answer_is_refused_what_none_is_given(installed: Path) -> None:
    _, results = grade(installed, {"mine.ipynb": with_answer("encoder", CALLS)})
    assert "GIVEN" not in json.dumps(results)
    assert list(scores(results).values()) == [0, 1, 1, 1, 0]  # nothing was executed to report on


MUCH = b'{"x": ["\xf0\x9f\x98\x80", ' + b'"aa",' * 20_000_000 + b'""]}'


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "notebook"),
        ({"report.pdf": b"%PDF-1.7"}, "PDF"),
        ({f"{PS}.ipynb": b"{"}, "JSON"),
        (
            {"mine.zip": archive((f"{PS}.ipynb", MUCH))},
            "clear its",  # the reader's own end, or the grader's
        ),
    ],
    ids=["nothing", "a PDF", "cut", "too much for a reader"],
)
def test_bad_input_is_zero_with_a_sentence(
    installed: Path, files: dict[str, bytes], says: str
) -> None:
    done, results = grade(installed, files)
    assert done.returncode == 0, done.stderr
    assert set(scores(results).values()) == {0}
    assert says in results["extra_data"]["problem"]


def test_a_grader_that_dies_says_so(installed: Path) -> None:
    reference = installed / "source" / COURSE.composed_path(PS).relative_to(ROOT)
    kept = reference.rename(reference.with_suffix(".kept"))
    try:
        done, results = grade(
            installed, {f"{PS}.ipynb": composed(COURSE.problem_set(PS), COURSE).encode()}
        )
    finally:
        kept.rename(reference)
    assert done.returncode == 1
    assert set(scores(results).values()) == {0}
    assert "grader itself failed" in results["output"] and results["extra_data"]["fault"]


def test_a_grader_that_does_not_start_says_so(installed: Path) -> None:
    done, results = grade(installed, {}, COURSE_PYTHON="/nonexistent/python")
    assert done.returncode != 0
    assert "The grader did not start" in results["output"]
