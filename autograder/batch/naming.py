"""Makes a group of wrong answers a known mistake, so that the next call tells it to all of them."""

import json
import re
from pathlib import Path

from autograder.batch.groups import Group
from autograder.batch.overview import read_groups
from autograder.course.table import Course
from autograder.grading import behaviour
from autograder.grading.basis import Basis
from autograder.grading.compare import same
from autograder.grading.grade import Grader
from autograder.grading.mistakes import FILE, load_patches
from autograder.model import CourseError, ProblemSet, Question, QuestionResult
from autograder.parts.declare import Part, load_part
from autograder.reading.answers import Submission
from autograder.results.files import write_text

MOST = 5  # samples to try


def name_group(folder: Path, group_id: str, id: str, hint: str, course: Course) -> str:
    """Write a ``[[mistake]]`` into the part's mistakes.toml; say in a sentence what was done.

    Raises:
        CourseError: there is no such group, the id is taken, or no answer of the group behaves the
            same without its student's own cells.
    """
    ps, groups = read_groups(folder, course)
    group = next((g for g in groups if g.id == group_id), None)
    if group is None:
        known = ", ".join(g.id for g in groups) or "none"
        raise CourseError(f"{folder} has no group {group_id!r}; there are: {known}.")
    question = next(q for q in ps.questions if q.id == group.question)
    part = load_part(question.part)
    path = part.folder / FILE
    _check(id, hint, part, path)
    source = _sample(group, question, ps, course)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    options = {k: str(ps.options[k]) for k in part.options if _matters(k, question, part)}
    entry = _entry(id, question, hint, source, options)
    write_text(path, f"{before.rstrip()}\n\n{entry}" if before else entry)
    try:
        load_patches(part)
    except CourseError:
        write_text(path, before)
        raise
    many = len(group.members)
    return (
        f"{id} is a mistake of {question.id} now, in {path}: the next `grade` tells the hint to "
        f"{many} submission{'s' if many != 1 else ''}. `audit` grades it from now on."
    )


def _matters(option: str, question: Question, part: Part) -> bool:
    """Whether what is right or wrong in a question depends on an option, as far as it says so."""
    patches = load_patches(part)
    whens = [c.when for c in part.checks if c.question == question.id]
    whens += [p.when for p in (*patches.mistakes, *patches.variants) if p.question == question.id]
    return any(option in when for when in whens)


def _check(id: str, hint: str, part: Part, path: Path) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", id):
        raise CourseError(f"--id is {id!r}: small letters, digits and - only, like loss-no-mean.")
    if not hint.strip():
        raise CourseError("--hint is empty: say in a sentence what to look at.")
    if any(p.id == id for p in load_patches(part).mistakes):
        raise CourseError(f"{path} has a mistake {id!r} already: choose another --id.")


def _sample(group: Group, question: Question, ps: ProblemSet, course: Course) -> str:
    """An answer of the group that behaves as all of it does, alone in a notebook."""
    basis = Basis.load(ps, course)
    tolerances = {c.name: c.tolerance for c in basis.checks(question)}
    others = {q.id: QuestionResult(q, done=True) for q in ps.questions if q is not question}
    with Grader(basis, kept=course.known_path(ps.id)) as grader:
        for source in sorted(set(group.sources), key=len)[:MOST]:
            answers = {**basis.reference.answers, question.id: source}
            submission = Submission("sample", answers, basis.reference.extras)
            (result,) = [
                r
                for r in grader.grade(submission, good=others).questions
                if r.question.id == question.id
            ]
            if result.mistake:
                raise CourseError(
                    f"{group.id} is known by now, as {result.mistake}: grade the class again."
                )
            given = behaviour.decode(result.behaviour)
            if given.keys() == group.outcomes.keys() and all(
                same(given[k], group.outcomes[k], tolerances.get(k, 0)) for k in given
            ):
                return source
    raise CourseError(
        f"The answers of {group.id} need other cells of their notebooks: write the mistake into "
        "mistakes.toml yourself (CONTRIBUTING.md says how)."
    )


def _entry(id: str, question: Question, hint: str, source: str, options: dict[str, str]) -> str:
    lines = [
        "[[mistake]]",
        f"id = {_toml(id)}",
        f"question = {_toml(question.id)}",
        f"hint = {_toml(' '.join(hint.split()))}",
    ]
    if options:
        inside = ", ".join(f"{name} = {_toml(value)}" for name, value in options.items())
        lines.append(f"when = {{ {inside} }}")
    plain = "'''" not in source and not re.search(r"[^\n\t\x20-\x7e\x80-\U0010ffff]", source)
    code = f"# Question: {question.id}\n{source}\n"
    lines.append(f"source = '''\n{code}'''" if plain else f"source = {_toml(code)}")
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    """A basic string: TOML's are JSON's, but for the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
