"""Grades a class into a folder that is kept over a term: what is graded there stays."""

import fcntl
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from autograder.batch import prints
from autograder.batch.jobs import Lost, Pool
from autograder.batch.kept import Kept, Store, read
from autograder.batch.roster import read as read_roster
from autograder.batch.roster import students
from autograder.batch.tables import ROSTER, Gradebook
from autograder.batch.worker import Setup, Task, grade
from autograder.course.table import Course
from autograder.grading.basis import Basis
from autograder.model import CourseError, ProblemSet, QuestionResult, Report
from autograder.reading.bulk import unpacked
from autograder.reading.collect import Found, collect
from autograder.results.rows import read_rows
from autograder.results.text import clean

AGAIN = "Graded again, this would be"
FEW = 3  # hand-ins, of which all may be of guests


@dataclass(frozen=True)
class How:
    """How a call grades: by so many ``jobs``, or on the Dask ``cluster`` with this address.

    ``again`` grades what is kept as well; ``never_lower`` keeps a question's earlier result where
    grading the same files again would lower it.
    """

    roster: Path | None = None
    jobs: int = 1
    cluster: str = ""
    again: bool = False
    never_lower: bool = False


@dataclass
class Done:
    """A call: the reports of all that it found, whom it graded, and what it changed.

    ``older`` are submissions of which a later attempt lies there already, ``strangers`` names in
    by_hand.csv that nobody has. ``doubtful`` are sentences on names that two may have had.
    """

    reports: list[Report] = field(default_factory=list)
    graded: set[str] = field(default_factory=set)
    older: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    changes: list[dict[str, str]] = field(default_factory=list)


def grade_all(
    paths: Sequence[Path],
    problem_set: ProblemSet,
    course: Course,
    out: Path,
    how: How | None = None,
) -> Done:
    """Grade notebooks, zips, folders and downloads of a class into ``out``.

    Every result is on disk as soon as it is known: ``out/<submission>/results.json``, all zero
    before the first cell of a student runs, ``feedback.html`` beside it, ``out/grades.csv`` and
    ``out/changes.csv``. What was graded there before stays, unless it would come out otherwise.

    Raises:
        CourseError: a path does not exist, ``out`` holds results of another problem set, or another
            call grades into it.
    """
    how = how or How()
    if missing := [str(p) for p in paths if not p.exists()]:
        raise CourseError(f"There is no file or folder {', '.join(missing)}.")
    if all(p.is_dir() and not any(p.iterdir()) for p in paths):
        raise CourseError(f"Nothing was handed in: {', '.join(map(str, paths))} is empty.")
    with tempfile.TemporaryDirectory(prefix="class-") as folder, _alone(out):
        found = collect(unpacked(paths, Path(folder)), problem_set.id, out)
        return _Call(problem_set, course, out, how, found).grade(found)


class _Call:
    def __init__(
        self, ps: ProblemSet, course: Course, out: Path, how: How, found: Sequence[Found]
    ) -> None:
        self.ps, self.course, self.out, self.how = ps, course, out, how
        self.prints = prints.of_questions(Basis.load(ps, course))
        rows, _ = read_rows(out)
        if others := sorted({r.problem_set for r in rows} - {ps.id}):
            raise CourseError(
                f"{out} holds results of {', '.join(others)}: give each problem set a folder of "
                "its own."
            )
        if how.roster and how.roster.resolve() != (out / ROSTER).resolve():
            _check_roster(how.roster, found)  # it must not take another's place if it is none
            shutil.copyfile(how.roster, out / ROSTER)
        book = Gradebook.of(out, ps, course)
        self.store = Store(out, book, {row.name: row for row in rows})
        self.done = Done()

    def grade(self, found: Sequence[Found]) -> Done:
        tasks: list[Task] = []
        self.done.doubtful += _left_behind(found, self.store.rows)
        before: dict[str, tuple[str, Kept | None]] = {}
        for item in tqdm(found, desc="look", unit="submission", leave=False, delay=2):
            kept = read(self.out, item.name)
            if kept and item.hand_in.is_older(kept.graded.hand_in):
                self.done.older.append(item.name)
                self.done.reports.append(kept.graded.report(self.ps))
                continue
            source = prints.of_files(item)
            good = kept.still_good(source, self.prints) if kept and not self.how.again else {}
            if kept and len(good) == len(self.ps.questions):
                report = kept.graded.report(self.ps, item.notes)
                self._finish(item, source, kept, replace(report, hand_in=item.hand_in))
            else:
                if kept and _elsewhere(item.hand_in.folder, kept.graded.hand_in.folder):
                    self.done.doubtful.append(
                        f"{item.name} was graded from {kept.graded.hand_in.folder}/, and now from "
                        f"{item.hand_in.folder}/: if these are two students, give the folder that "
                        "holds both."
                    )
                before[item.name] = source, kept
                tasks.append(Task(item, good, self.out / item.name))
        bar = tqdm(total=len(tasks), desc=f"grade {self.ps.id}", unit="submission")
        with bar:
            for task, came in self._reports(tasks):
                name = task.found.name
                self.done.graded.add(name)
                self._finish(task.found, *before[name], self._to_keep(task, came, *before[name]))
                bar.update()
        self.done.changes = self.store.close()
        self.done.strangers = self.store.book.strangers(self.store.rows.values())
        order = {item.name: i for i, item in enumerate(found)}
        self.done.reports.sort(key=lambda report: order[report.submission])
        return self.done

    def _finish(self, found: Found, source: str, kept: Kept | None, report: Report) -> None:
        self.store.put(report, source, self.prints, kept, found.notes)
        self.done.reports.append(report)

    def _to_keep(self, task: Task, came: Report | Lost, source: str, kept: Kept | None) -> Report:
        """The report: of a process that was lost a fault, and of two grades the better one."""
        if isinstance(came, Lost):
            lost = [QuestionResult(q, fault=str(came)) for q in self.ps.questions]
            return Report(task.found.name, self.ps, lost, hand_in=task.found.hand_in)
        if self.how.never_lower and kept and kept.source == source:
            _keep_better(came, kept)
        return came

    def _reports(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Report | Lost]]:
        setup = Setup(self.course.root, self.ps.id, self.course.given_secret)
        jobs = min(self.how.jobs, len(tasks))
        if self.how.cluster and tasks:
            from autograder.batch.cluster import run  # needs Dask

            yield from run(self.how.cluster, setup, self.prints, tasks)
        elif jobs > 1:
            with Pool(setup, jobs) as pool:
                ids = [q.id for q in self.ps.questions]
                right = tqdm(pool.each(ids), desc="reference", total=len(ids), leave=False, delay=2)
                pool.expect({id: r for id, r in right if not isinstance(r, Lost)})
                yield from pool.each(tasks)
        elif tasks:
            with setup.grader() as grader:
                for task in tasks:
                    yield task, grade(grader, task)


def _check_roster(path: Path, found: Sequence[Found]) -> None:
    """Refuse a roster that is none, or another class's."""
    roster = read_roster(path)
    known = [f for f in found if any(map(roster.find, students(f.hand_in, f.name)))]
    if len(found) >= FEW and not known:
        raise CourseError(
            f"None of {len(found)} hand-ins is of anybody in {path}: is it another class's? Its "
            "ids, e-mails or names have to be those of the files."
        )


def _elsewhere(folder: str, before: str) -> bool:
    return bool(folder and before and folder != before)


def _left_behind(found: Sequence[Found], there: Collection[str]) -> Iterator[str]:
    """A sentence for each name in a folder of results that two hand-ins share by now."""
    names = {item.name for item in found}
    for name in sorted({n.partition("__")[2] for n in names} & set(there) - names):
        now = ", ".join(sorted(n for n in names if n.partition("__")[2] == name))
        yield f"{name} lies there from before, and is one of {now} now: delete its folder."


def _keep_better(report: Report, kept: Kept) -> None:
    before = {r.question.id: r for r in kept.graded.questions}
    for i, result in enumerate(report.questions):
        earlier = before.get(result.question.id)
        if earlier is None or result.fault or earlier.fault:
            continue
        earlier = replace(earlier, question=result.question, notes=list(earlier.notes))
        if result.score < earlier.score:
            earlier.notes = [note for note in earlier.notes if not note.startswith(AGAIN)]
            earlier.notes.append(f"{AGAIN} {result.score:g} points; the earlier result was kept.")
            report.questions[i] = earlier


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let no other call grade into the same folder meanwhile."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(
                f"Another call grades into {out} now: wait until it is done."
            ) from None
        yield


def summary(done: Done) -> str:
    """A line for each submission that was graded, as the terminal shows it."""
    lines = []
    for r in done.reports:
        if r.submission not in done.graded:
            continue
        said = " ".join(clean(f"fault of the grader: {r.fault}" if r.fault else r.problem).split())
        mistakes = ", ".join(q.mistake for q in r.questions if q.mistake)
        score = "-" if r.fault else f"{r.score:g}"
        lines.append(
            f"  {score:>5} of {r.max_score:g}  {r.submission}  {said or mistakes}".rstrip()
        )
    if kept := len(done.reports) - len(lines):
        lines.append(f"  Graded before, and as they were: {kept}.")
    if done.older:
        lines.append(f"  An older attempt than the one there: {', '.join(done.older)}.")
    lines += [f"  {sentence}" for sentence in done.doubtful]
    if done.strangers:
        lines.append(f"  by_hand.csv names {', '.join(done.strangers)}, who handed in nothing.")
    if done.changes:
        lines.append(f"  {len(done.changes)} scores changed: changes.csv tells whose, and why.")
    return "\n".join(lines)
