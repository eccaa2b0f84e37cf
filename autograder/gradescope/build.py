"""The upload for Gradescope: a zip of all that grades one problem set, and nothing else."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from autograder.authoring.archive import archive
from autograder.authoring.audit import composed_basis
from autograder.authoring.compose import composed
from autograder.course.table import Course
from autograder.grading.grade import Grader
from autograder.grading.measured import held_out, pack
from autograder.model import CourseError, ProblemSet
from autograder.paths import ROOT
from autograder.sandbox.job import SandboxError

HERE = Path(__file__).parent
LOCK = "requirements-gradescope.txt"
TIMEOUT = 600  # seconds, unless the assignment's settings say otherwise


def build(problem_set: ProblemSet, course: Course, out: Path) -> str:
    """Write the zip to upload to ``out``; say where it is, and what an instructor should know.

    Raises:
        CourseError: the problem set was not released yet, or its secret is missing.
    """
    data = contents(problem_set, course)
    modes = {"setup.sh": 0o755, "run_autograder": 0o755, f"secrets/{problem_set.id}": 0o600}
    made = archive(data, modes)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made)
    said = [f"{out}: {len(data)} files, {len(made) / 1024:.0f} KB."]
    said.append("It holds solutions and the term's secret: show it to nobody.")
    if not course.image.torch_index:
        said.append(
            "torch will come from pip's default index, with CUDA (several GB): set torch_index "
            "under [gradescope] in course.toml to an index of CPU-only wheels."
        )
    if (longest := problem_set.limits.longest) > TIMEOUT:
        said.append(
            f"With these limits a grade may take {longest} seconds on half a processor, and "
            f"Gradescope stops it after {TIMEOUT}: set the autograder's timeout there to at least "
            f"{math.ceil(longest / 60)} minutes, or lower `submission` under [limits] in "
            f"course.toml by {math.ceil((longest - TIMEOUT) / 2)}."
        )
    said += [
        f"Models of the {profile} profile will not be measured: its images are not on this machine."
        for profile in problem_set.profiles
        if f"held_out/{profile}.npz" not in data
    ]
    if f"build/known/{problem_set.id}" not in data:
        said.append(
            "Known mistakes could not be run on this machine (see `python -m autograder doctor`): "
            "each container runs those of a question that goes wrong, which takes it longer."
        )
    return "\n".join(said)


def _known(problem_set: ProblemSet, course: Course) -> dict[str, bytes]:
    """What known mistakes give, so that no container has to run them; if they can be run here."""
    path = course.known_path(problem_set.id)
    try:
        with Grader(composed_basis(problem_set, course), kept=path) as grader:
            questions = problem_set.questions
            for question in tqdm(questions, desc="known mistakes", unit="question", leave=False):
                grader.prepare(question)
        return {f"build/known/{problem_set.id}": path.read_bytes()}
    except (SandboxError, OSError):
        return {}


def contents(problem_set: ProblemSet, course: Course) -> dict[str, bytes]:
    """The files of the zip by their names in it."""
    id, release = problem_set.id, course.release_path(problem_set.id)
    if not release.is_file():
        raise CourseError(f"{release} is missing: run `python -m autograder release {id}` first.")
    index = course.image.torch_index
    lock = (ROOT / LOCK).read_text(encoding="utf-8")
    files = {
        "setup.sh": (HERE / "setup.sh").read_bytes(),
        "run_autograder": (HERE / "run_autograder").read_bytes(),
        "requirements.txt": (f"--extra-index-url {index}\n{lock}" if index else lock).encode(),
        "problem_set": f"{id}\n".encode(),
        "course.toml": course.file.read_bytes(),
        f"secrets/{id}": course.secret(id) + b"\n",
        **_known(problem_set, course),
        f"notebooks/{id}/{id}.ipynb": release.read_bytes(),
        f"solutions/{id}/{id}.ipynb": composed(problem_set, course).encode(),
    }
    for profile in problem_set.profiles:
        if held := held_out(profile, course.root):
            files[f"held_out/{profile}.npz"] = pack(held)
    parts = HERE.parent / "parts"
    folders = [HERE.parent / "sandbox", *(parts / p for p in problem_set.parts), ROOT / "helpers"]
    used = _imported(HERE / "run.py", HERE.parent / "reading" / "worker.py")
    for path in {*used, *_files(folders), parts / "__init__.py"}:
        files[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    return files


def _files(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
                yield path


def _imported(*start: Path) -> set[Path]:
    """The modules of this package that those of ``start`` import, and those that these import."""
    found, waiting = set(), [*start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [p for p in path.parents[0].glob("__init__.py") if path.name != "__init__.py"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.split(".")[0] == "autograder":
                    base = ROOT.joinpath(*name.split("."))
                    both = (base.with_suffix(".py"), base / "__init__.py")
                    waiting += [p for p in both if p.is_file()]
    return found
