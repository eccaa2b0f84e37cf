"""Which of several notebooks to grade: people hand in blank ones, drafts and copies as well."""

from collections.abc import Sequence

from autograder.model import ProblemSet
from autograder.reading.answers import Submission
from autograder.reading.layouts import stem
from autograder.reading.released import Release
from helpers.reading.finding import same_text

MOST = 3
"""Notebooks to be read of all that a student hands in: reading one may take seconds."""


def the_one(read: Sequence[Submission], release: Release) -> Submission:
    """The submission to grade, of all the files that a student handed in at once."""
    good = [s for s in read if not s.problem]
    ps = release.problem_set.id
    if len(read) == 1:
        return read[0]
    if good:
        chosen, names = choose([(s.name, s) for s in good], release)
        problem = f"There are several notebooks ({', '.join(names)}): hand in {ps}.ipynb alone."
        return chosen or Submission("submission", {}, problem=problem)
    if read:
        return read[0]
    return Submission("submission", {}, problem=f"There is no notebook: hand in {ps}.ipynb.")


def choose(
    read: Sequence[tuple[str, Submission]], release: Release
) -> tuple[Submission | None, list[str]]:
    """The one of several submissions that is meant, if anything tells which; and all their names.

    It has the most answers; of equals, it is the one with the problem set's name.
    """
    names = sorted(name for name, _ in read)
    most = max(_written(submission, release) for _, submission in read)
    best = [r for r in read if _written(r[1], release) == most]
    best = [r for r in best if has_own_name(r[0], release.problem_set)] or best
    if len(best) > 1:
        return None, names
    name, submission = best[0]
    if len(read) > 1:
        listed = ", ".join(names)
        note = f"Of several notebooks ({listed}), {name} was graded: it has the most answers."
        submission.notes.insert(0, note)
    return submission, names


def has_own_name(name: str, ps: ProblemSet) -> bool:
    """Whether a notebook or submission is named as it was handed out."""
    return stem(name.rpartition("__")[2]).lower() == ps.id


def _written(submission: Submission, release: Release) -> int:
    """How many answers hold something else than was handed out."""
    answers = submission.answers.items()
    return sum(bool(a.strip()) and not same_text(a, release.blank(id)) for id, a in answers)
