"""Peak memory of one Gradescope run, all its processes together: ``python -m bench.memory``.

The upload is built, unpacked and run as on Gradescope, with a Python that has CPU-only torch, and
the proportional set sizes (PSS) of all its processes are summed a hundred times a second. Pages
that other programs on this machine share would count for less: run it on a quiet one, as root.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.authoring.compose import composed
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.gradescope import build as gradescope
from autograder.grading.mistakes import load_patches

MB = 1 << 20


COURSE = Course(secret=PUBLIC_SECRET)


@dataclass
class Peak:
    """The most memory seen at one moment (bytes), by process name, and how long the run took."""

    total: int = 0
    processes: list[tuple[str, int]] = field(default_factory=list)
    seconds: float = 0.0
    status: int = 0


def flawed(ps_id: str) -> str:
    """The reference with a known mistake in every answer, so that the grader has most to do."""
    ps = COURSE.problem_set(ps_id)
    mistakes = [
        patch
        for part in COURSE.parts(ps)
        for patch in load_patches(part).fitting(part.values(ps.options)).mistakes
    ]
    first = {p.question: p for p in reversed(mistakes)}
    notebook = json.loads(composed(ps, COURSE))
    for cell in notebook["cells"]:
        patch = first.get(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
        if patch:
            cell["source"] = patch.apply("".join(cell["source"]))
    return json.dumps(notebook)


def run(python: Path, ps_id: str, notebook: str, groups: Sequence[Path] = ()) -> Peak:
    """Grade ``notebook`` as Gradescope would, with ``python``, watching its memory."""
    os.environ["COURSE_PUBLIC_SECRET"] = "1"
    with tempfile.TemporaryDirectory(prefix="gradescope-") as folder:
        base = Path(folder)
        base.chmod(0o755)  # answers run as other users
        gradescope.build(COURSE.problem_set(ps_id), COURSE, base / "upload.zip")
        with zipfile.ZipFile(base / "upload.zip") as archive:
            archive.extractall(base / "source")
        shutil.copy(base / "source" / "run_autograder", base)
        (base / "submission").mkdir()
        (base / "submission" / f"{ps_id}.ipynb").write_text(notebook, encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "COURSE_PYTHON": str(python)}
        subprocess.run(["bash", base / "source" / "setup.sh"], check=True, env=environment)
        peak = watch(["bash", str(base / "run_autograder")], environment, groups)
        results = json.loads((base / "results" / "results.json").read_text())
        print(f"score {results['score']:g} of {results['extra_data']['max_score']:g}")
        return peak


@contextlib.contextmanager
def container(memory: int, processors: float) -> Iterator[list[Path]]:
    """Control groups of this size: files into which a process writes its number to be inside.

    Raises OSError where this machine lets nobody make one.
    """
    root = Path("/sys/fs/cgroup")
    period = 100_000
    share = str(int(processors * period))
    name = f"course-bench-{os.getpid()}"
    if (root / "cgroup.controllers").is_file():
        settings = {
            root / name: {"memory.max": str(memory), "cpu.max": f"{share} {period}"},
        }
    else:
        settings = {
            root / "memory" / name: {"memory.limit_in_bytes": str(memory)},
            root / "cpu" / name: {"cpu.cfs_period_us": str(period), "cpu.cfs_quota_us": share},
        }
    try:
        for group, files in settings.items():
            group.mkdir()
            for file, value in files.items():
                (group / file).write_text(value)
        yield [group / "cgroup.procs" for group in settings]
    finally:
        for group in settings:
            with contextlib.suppress(OSError):
                group.rmdir()


def watch(
    command: list[str],
    environment: dict[str, str],
    groups: Sequence[Path] = (),
    *,
    every: float = 0.01,
    output: int | None = None,
) -> Peak:
    """Run ``command`` to its end, sampling the memory of it and of everything below it.

    Args:
        command: and its arguments.
        environment: all of its variables.
        groups: ``cgroup.procs`` files that it enters.
        every: seconds between two samples.
        output: where it prints to, as for ``subprocess``.
    """

    def enter() -> None:
        for group in groups:
            group.write_text(str(os.getpid()))

    peak = Peak()
    start = time.monotonic()
    process = subprocess.Popen(command, env=environment, preexec_fn=enter, stdout=output)
    while process.poll() is None:
        sizes = [
            (name, pss)
            for pid in family(process.pid)
            if (name := called(pid)) and (pss := pss_of(pid))
        ]
        total = sum(pss for _, pss in sizes)
        if total > peak.total:
            peak.total, peak.processes = total, sizes
        time.sleep(every)
    peak.seconds, peak.status = time.monotonic() - start, process.returncode
    return peak


def family(root: int) -> list[int]:
    """``root`` and all processes below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    found, frontier = [root], {root}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found += frontier
    return found


def called(pid: int) -> str:
    """The start of a process's command line; empty where it has ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return " ".join(w.strip().partition("\n")[0] for w in words[:3])


def pss_of(pid: int) -> int:
    """A process's proportional set size in bytes; 0 where it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="one with CPU-only torch")
    parser.add_argument("--problem-set", default="ps_autoencoder", metavar="PS")
    parser.add_argument(
        "--container",
        action="store_true",
        help="in a control group as small as Gradescope's container: 768 MB, half a processor",
    )
    parser.add_argument("--notebook", type=Path, help="the submission; else one full of mistakes")
    args = parser.parse_args()
    given = args.notebook and args.notebook.read_text(encoding="utf-8")
    notebook = given or flawed(args.problem_set)
    inside: contextlib.AbstractContextManager[list[Path]] = contextlib.nullcontext([])
    if args.container:
        inside = container(768 * MB, 0.5)
    with inside as groups:
        peak = run(args.python, args.problem_set, notebook, groups)
    for name, pss in peak.processes:
        print(f"{pss / MB:7.0f} MB  {name}")
    print(f"{peak.total / MB:7.0f} MB  at the peak of a run of {peak.seconds:.1f} s")
    raise SystemExit(peak.status)


if __name__ == "__main__":
    main()
