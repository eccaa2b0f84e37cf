"""What is kept of a class between two calls, so that nothing is graded twice, and nothing is lost.

The order of writing is what a crash at any moment relies on: results and feedback, then what
changed, then what is kept. Of a submission that is not kept as it lies there, all is written again.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from autograder.batch.prints import Prints
from autograder.batch.tables import Gradebook, number, read_changes, write_changes
from autograder.model import HandIn, ProblemSet, QuestionResult, Report
from autograder.results.feedback import write_feedback
from autograder.results.files import rendered, write_text
from autograder.results.rows import Row, alphabetical, as_row

FOLDER = ".kept"
UNFINISHED = "unfinished"
"""Lies there while a call grades; one that was stopped leaves it."""
EVERY = 2.0  # seconds between two writes of grades.csv


class Graded(msgspec.Struct):
    """A report as plain data: all but the problem set."""

    submission: str
    questions: list[QuestionResult]
    notes: list[str]
    problem: str
    isolation: dict[str, bool]
    hand_in: HandIn
    answers: dict[str, str]

    @classmethod
    def of(cls, report: Report, notes: Sequence[str] = ()) -> "Graded":
        """``notes`` are those at the report's beginning that the next call makes anew."""
        r = report
        own = [note for note in r.notes if note not in notes]
        return cls(r.submission, r.questions, own, r.problem, r.isolation, r.hand_in, r.answers)

    def report(self, problem_set: ProblemSet, notes: Sequence[str] = ()) -> Report:
        """The report, of the questions as they are now."""
        now = {q.id: q for q in problem_set.questions}
        results = {r.question.id: r for r in self.questions}
        return Report(
            self.submission,
            problem_set,
            [replace(results[id], question=q) for id, q in now.items() if id in results],
            [*notes, *self.notes],
            self.problem,
            self.isolation,
            self.hand_in,
            self.answers,
        )


class Kept(msgspec.Struct):
    """A submission's report, and the digests of what it was made from: files, checks, hints.

    ``results`` is the digest of results.json.
    """

    source: str
    results: str
    prints: dict[str, Prints]
    graded: Graded

    def still_good(self, source: str, prints: Mapping[str, Prints]) -> dict[str, QuestionResult]:
        """The results that would come out the same now, by question."""
        if source != self.source:
            return {}
        good = {}
        for result in self.graded.questions:
            id = result.question.id
            before, now = self.prints.get(id), prints.get(id)
            if before is None or now is None or result.fault or not result.done:
                continue
            if before == now or (before.checks == now.checks and result.passed):
                good[id] = result
        return good


def place(out: Path, name: str) -> Path:
    """Where a submission is kept."""
    return out / FOLDER / f"{name}.json"


def read(out: Path, name: str) -> Kept | None:
    """What is kept of a submission; None where there is nothing, or nothing readable."""
    try:
        return msgspec.json.decode(place(out, name).read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_all(out: Path, rows: Iterable[Row]) -> dict[str, Kept]:
    """What is kept of submissions, by name, as far as anything is."""
    found = {row.name: read(out, row.name) for row in rows}
    return {name: kept for name, kept in found.items() if kept}


class Store:
    """The folder of a class: results, tables, and what is kept beside them."""

    def __init__(self, out: Path, book: Gradebook, rows: dict[str, Row]) -> None:
        self.out, self.book, self.rows = out, book, rows
        self._marker = out / FOLDER / UNFINISHED
        stopped = self._marker.exists()
        lines = read_changes(out / "changes.csv") if stopped else []
        self._changes = {(line["submission"], line["question"]): line for line in lines}
        for pattern in (".*.[0-9]*", "*/.*.[0-9]*"):  # what a crash left half written
            for path in out.glob(pattern):
                path.unlink(missing_ok=True)
        write_text(self._marker, "")
        self._written = time.monotonic()

    def put(
        self,
        report: Report,
        source: str,
        prints: dict[str, Prints],
        before: Kept | None,
        notes: Sequence[str] = (),
    ) -> None:
        """Write all of a report that is not there yet; a fault of the grader is not kept."""
        folder = self.out / report.submission
        text = rendered(report)
        kept = Kept(source, _digest(text.encode()), prints, Graded.of(report, notes))
        if before == kept and _on_disk(folder / "results.json") == kept.results:
            return
        write_text(folder / "results.json", text)
        write_feedback(report, folder / "feedback.html")
        self.rows[report.submission] = as_row(
            json.loads(text), report.submission, folder / "feedback.html"
        )
        if not report.fault:
            if before:
                self._note_changes(report, source, before)
            write_text(place(self.out, report.submission), msgspec.json.encode(kept).decode())
        if time.monotonic() - self._written > EVERY:
            self._write_grades()

    def close(self) -> list[dict[str, str]]:
        """Write the tables; returns what changed."""
        self._write_grades()
        changes = list(self._changes.values())
        write_changes(changes, self.out / "changes.csv")
        self._marker.unlink(missing_ok=True)
        return changes

    def _note_changes(self, report: Report, source: str, before: Kept) -> None:
        earlier = {r.question.id: r.score for r in before.graded.questions}
        reason = "regraded" if before.source == source else "resubmitted"
        changed = False
        for result in report.questions:
            id = result.question.id
            key = report.submission, id
            old = (
                self._changes[key]["before"] if key in self._changes else number(earlier.get(id, 0))
            )
            line = {
                "submission": report.submission,
                "question": id,
                "before": old,
                "after": number(result.score),
                "reason": reason,
            }
            if line["before"] != line["after"]:
                self._changes[key] = line
            elif self._changes.pop(key, None) is None:
                continue
            changed = True
        if changed:
            write_changes(self._changes.values(), self.out / "changes.csv")

    def _write_grades(self) -> None:
        rows = sorted(self.rows.values(), key=lambda row: alphabetical(row.name))
        self.book.write(rows, self.out / "grades.csv")
        self._written = time.monotonic()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _on_disk(path: Path) -> str:
    try:
        return _digest(path.read_bytes())
    except OSError:
        return ""
