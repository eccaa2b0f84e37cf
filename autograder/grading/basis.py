"""What every submission to a problem set is graded by: read once, however long a class takes."""

from dataclasses import dataclass

from autograder.course.table import Course
from autograder.grading.mistakes import Patch, load_patches
from autograder.model import CourseError, ProblemSet, Question
from autograder.parts.declare import Check, Part
from autograder.reading.answers import Submission, read
from autograder.reading.released import Release


@dataclass(frozen=True)
class Basis:
    """The release, the reference, the parts with their checks, and the term's secret.

    ``mistakes`` are the known ones by question, as far as the problem set's options have them.
    """

    problem_set: ProblemSet
    course: Course
    release: Release
    reference: Submission
    parts: dict[str, Part]
    mistakes: dict[str, list[Patch]]
    secret: bytes

    @classmethod
    def load(cls, problem_set: ProblemSet, course: Course) -> "Basis":
        """As released: from ``notebooks/`` and ``solutions/``.

        Raises:
            CourseError: something is missing, or is not as it has to be.
        """
        path = course.composed_path(problem_set.id)
        if not path.is_file():
            raise CourseError(
                f"{path} is missing: run `python -m autograder release {problem_set.id}`, which "
                "makes it."
            )
        release = Release.load(problem_set, course)
        return cls.of(release, read(path, release), course)

    @classmethod
    def of(cls, release: Release, reference: Submission, course: Course) -> "Basis":
        """From a release and a reference that may be written nowhere. Raises CourseError."""
        if reference.problem:
            raise CourseError(f"The reference cannot be read: {reference.problem}")
        problem_set = release.problem_set
        parts = course.parts(problem_set)
        mistakes: dict[str, list[Patch]] = {q.id: [] for q in problem_set.questions}
        for part in parts:
            part.probes  # noqa: B018 - read now: an edit must not change what is graded
            for patch in load_patches(part).fitting(problem_set.options).mistakes:
                mistakes[patch.question].append(patch)
        return cls(
            problem_set,
            course,
            release,
            reference,
            {part.name: part for part in parts},
            mistakes,
            course.secret(problem_set.id),
        )

    def part(self, question: Question) -> Part:
        return self.parts[question.part]

    def checks(self, question: Question) -> list[Check]:
        """The checks of a question, by the problem set's options; none of a report question."""
        return self.part(question).checks_of(question.id, self.problem_set.options)
