"""Many machines: submissions go to a Dask cluster as bytes, and reports come back as JSON.

No disk is shared. A worker needs this package at the same version; the course goes there too.
"""

import io
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from distributed import Client, as_completed

from autograder.batch import prints
from autograder.batch.jobs import Lost
from autograder.batch.kept import Graded
from autograder.batch.prints import Prints
from autograder.batch.worker import Setup, Task, grade
from autograder.course.table import Course
from autograder.grading.grade import Grader
from autograder.model import CourseError, QuestionResult, Report
from autograder.reading.collect import Found
from autograder.reading.weights import SUFFIX

TIMEOUT = 20  # seconds to reach the scheduler
AHEAD = 3  # submissions that wait at each thread, so that none idles


class Sent(msgspec.Struct):
    """A submission as bytes: its files by name, beside what is known of it."""

    name: str
    problem: str
    files: list[tuple[str, bytes]]
    weights: list[tuple[str, bytes]]
    good: dict[str, QuestionResult]


class _Here(threading.local):
    """The grader of a thread, and the course that it is for."""

    course: bytes = b""
    grader: Grader | None = None
    folder: tempfile.TemporaryDirectory[str] | None = None


_here = _Here()


def run(
    address: str, setup: Setup, prints: Mapping[str, Prints], tasks: Sequence[Task]
) -> Iterator[tuple[Task, Report | Lost]]:
    """The report on each task, as it comes, from the workers of the scheduler at ``address``.

    Raises:
        CourseError: there is no scheduler, or a worker has another version of the course's code.
    """
    try:
        client = Client(address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise CourseError(f"There is no Dask scheduler at {address}: {error}.") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise CourseError(f"The Dask scheduler at {address} has no workers: start some.")
        course = client.scatter(_packed(setup), broadcast=True)
        wanted = msgspec.json.encode(prints)
        problem_set = Course(setup.root, setup.secret).problem_set(setup.problem_set)
        waiting = iter(tasks)
        going = as_completed()
        of = {}

        def more() -> None:
            if task := next(waiting, None):
                future = client.submit(_grade, course, wanted, _sent(task), pure=False)
                of[future.key] = task
                going.add(future)

        for _ in range(AHEAD * threads):
            more()
        for future in going:
            task = of.pop(future.key)
            if future.status == "error":
                wrong = future.exception()
                if isinstance(wrong, CourseError):
                    raise wrong
                yield task, Lost()
            else:
                graded = msgspec.json.decode(future.result(), type=Graded)
                graded.hand_in = task.found.hand_in
                graded.notes[:0] = task.found.notes
                yield task, graded.report(problem_set)
            future.release()
            more()


def _packed(setup: Setup) -> bytes:
    """What a grader needs of the course, beside this package: a zip."""
    course = Course(setup.root, setup.secret)
    ps = course.problem_set(setup.problem_set)
    files = [course.file, course.release_path(ps.id), course.composed_path(ps.id)]
    if course.known_path(ps.id).is_file():
        files.append(course.known_path(ps.id))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("problem_set", ps.id)
        archive.writestr("secret", course.secret(ps.id))
        for file in files:
            archive.write(file, file.relative_to(course.root))
    return made.getvalue()


def _sent(task: Task) -> bytes:
    found = task.found
    files = [] if found.problem else [p for p in found.paths if p.is_file()]
    beside = sorted(p for p in found.path.parent.glob(f"*{SUFFIX}") if p.is_file() and files)
    zipped = found.path.suffix.lower() == ".zip"
    return msgspec.msgpack.encode(
        Sent(
            found.name,
            found.problem,
            [(p.name, p.read_bytes()) for p in files],
            [] if zipped else [(p.name, p.read_bytes()) for p in beside],
            dict(task.good),
        )
    )


def _grade(course: bytes, wanted: bytes, data: bytes) -> bytes:
    """Grade a submission where this runs: a worker."""
    sent = msgspec.msgpack.decode(data, type=Sent)
    grader = _grader(course, wanted)
    with tempfile.TemporaryDirectory(prefix="handed-in-") as name:
        folder = Path(name)
        for file, content in [*sent.files, *sent.weights]:
            (folder / file).write_bytes(content)
        first, *beside = [folder / file for file, _ in sent.files] or [folder / "none.ipynb"]
        found = Found(sent.name, first, sent.problem, beside=tuple(beside))
        return msgspec.json.encode(Graded.of(grade(grader, Task(found, sent.good))))


def _grader(course: bytes, wanted: bytes) -> Grader:
    """This thread's grader for a course, made when it is first asked for."""
    if _here.grader is None or _here.course != course:
        if _here.grader is not None:
            _here.grader.__exit__(None, None, None)
        _here.folder = tempfile.TemporaryDirectory(prefix="course-")
        with zipfile.ZipFile(io.BytesIO(course)) as archive:
            archive.extractall(_here.folder.name)
        root = Path(_here.folder.name)
        id, secret = (root / "problem_set").read_text(), (root / "secret").read_bytes()
        grader = Setup(root, id, secret).grader()
        if msgspec.json.encode(prints.of_questions(grader.basis)) != wanted:
            raise CourseError(
                "A Dask worker has another version of this package, of Python or of torch: install "
                "there what is installed here."
            )
        _here.grader, _here.course = grader, course
    return _here.grader
