"""All that a folder of results tells of its class, as one page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.batch.groups import Group, groups
from autograder.batch.kept import Kept, read_all
from autograder.batch.similar import similar
from autograder.batch.tables import Gradebook, read_changes, read_class
from autograder.course.table import Course
from autograder.model import CourseError, ProblemSet
from autograder.parts.declare import load_part
from autograder.reading.released import Release
from autograder.results.class_page import More, write_class_page
from autograder.results.rows import Row


def write_overview(folder: Path, out: Path, course: Course) -> str:
    """Write the class at a glance from what ``grade`` left in ``folder``; say it in a sentence.

    Raises:
        CourseError: there is no such folder.
    """
    return write_class_page(folder, out, _more(folder, course) if folder.is_dir() else None)


def read_groups(folder: Path, course: Course) -> tuple[ProblemSet, list[Group]]:
    """The groups of wrong answers without a name.

    Raises:
        CourseError: the folder holds no results, or those of several problem sets.
    """
    ps, rows = read_class(folder, course)
    return ps, _groups(ps, read_all(folder, rows))


def _groups(ps: ProblemSet, kept: Mapping[str, Kept]) -> list[Group]:
    parts = {name: load_part(name) for name in ps.parts}
    checks = {q.id: parts[q.part].checks_of(q.id, ps.options) for q in ps.questions}
    return groups(kept, checks)


def _more(folder: Path, course: Course) -> More:
    try:
        ps, rows = read_class(folder, course)
    except CourseError:  # results of none, of several, or of another term
        return More()
    book = Gradebook.of(folder, ps, course)
    kept = read_all(folder, rows)
    people, missing = _people(book, rows)
    pairs, usual = _pairs(ps, course, kept)
    waiting = [q.title for q in ps.by_hand if not all(q.id in g for g in book.by_hand.values())]
    return More(
        people=people,
        missing=missing,
        changes=read_changes(folder / "changes.csv"),
        groups=[_shown(group) for group in _groups(ps, kept)],
        pairs=pairs,
        usual=usual,
        by_hand=[q.title for q in ps.by_hand] if not book.by_hand else waiting,
    )


def _people(
    book: Gradebook, rows: list[Row]
) -> tuple[dict[str, dict[str, str]], list[dict[str, str]]]:
    """Name and lateness by submission, where anything is known, and who handed in nothing."""
    people: dict[str, dict[str, str]] = {}
    missing = []
    for line in book.lines(rows):
        name = line.get("submission")
        if name is None:
            missing.append(line)
        elif line["name"] or line["late"]:
            before = people.get(name, {}).get("name")
            both = f"{before}, {line['name']}" if before else line["name"]
            people[name] = {"name": both, "late": line["late"]}
    return people, missing


def _shown(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "title": group.title,
        "names": group.members,
        "steps": group.steps.sentence if group.steps else "",
        "sample": group.sample,
    }


def _pairs(
    ps: ProblemSet, course: Course, kept: Mapping[str, Kept]
) -> tuple[list[dict[str, Any]], float]:
    coded = [q.id for q in ps.questions if not q.report]
    answers = {
        name: "\n\n".join(one.graded.answers.get(id, "") for id in coded)
        for name, one in kept.items()
        if not one.graded.problem
    }
    release = Release.load(ps, course)
    handed_out = "\n\n".join(release.blank(id) for id in coded)
    pairs, usual = similar(answers, handed_out)
    shown = [
        {"share": p.share, "names": p.names, "sources": [(n, answers[n]) for n in p.names]}
        for p in pairs
    ]
    return shown, usual
