"""What every submission to a problem set is graded by: read once, however long a class takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.table import Course
from autograder.grading.mistakes import Patch, Patches, load_patches
from autograder.model import CourseError, ProblemSet, Question
from autograder.parts.declare import Check, Part
from autograder.reading.answers import Submission, read_bytes
from autograder.reading.released import Release
from autograder.sandbox.job import Call, Job

PUBLIC = b"inputs that anyone may see"


@dataclass(frozen=True)
class Basis:
    """The release, the reference, the parts with probes and patches, and the term's secret."""

    course: Course
    release: Release
    reference: Submission
    parts: dict[str, Part]
    probes: dict[str, str]
    stand_ins: dict[str, dict[str, str]]
    patches: dict[str, Patches]
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
        reference = read_bytes(path.read_bytes(), path.name, release, path.stem)
        if reference.problem:
            raise CourseError(f"{path} cannot be read: {reference.problem}")
        return cls.of(release, reference, course)

    @classmethod
    def of(cls, release: Release, reference: Submission, course: Course) -> "Basis":
        """From a release and a reference that may be written nowhere. Raises CourseError."""
        options, parts = release.problem_set.options, course.parts(release.problem_set)
        return cls(
            course,
            release,
            reference,
            {part.name: part for part in parts},
            {part.name: part.probes + part.constants(options) for part in parts},
            {
                part.name: {
                    name: source + part.constants(options)
                    for name, source in part.stand_ins.items()
                }
                for part in parts
            },
            {part.name: load_patches(part).fitting(part.values(options)) for part in parts},
            course.secret(release.problem_set.id),
        )

    @property
    def problem_set(self) -> ProblemSet:
        return self.release.problem_set

    def part(self, question: Question) -> Part:
        return self.parts[question.part]

    def checks(self, question: Question) -> list[Check]:
        """The checks of a question, by the problem set's options; none of a report question."""
        return self.part(question).checks_of(question.id, self.problem_set.options)

    def calls(self, question: Question, secret: bytes) -> tuple[Call, ...]:
        """The calls of a question's probes, one a check, on the inputs of a secret."""
        return tuple(Call(c.probe, c.inputs(secret)) for c in self.checks(question))

    def job(
        self,
        question: Question,
        submission: Submission,
        calls: tuple[Call, ...],
        in_public: tuple[Call, ...] = (),
        others: Sequence[str] = (),
        record: tuple[int, ...] | None = None,
        more: str = "",
    ) -> Job:
        """An answer to a question, to be called; ``more`` is the source of further probes."""
        return Job(
            submission.answers[question.id],
            question.names,
            f"{self.probes[question.part]}\n{more}",
            calls,
            tuple(self.release.given),
            tuple(submission.extras),
            tuple(others),
            self.stand_ins[question.part],
            in_public,
            record,
        )

    def mistakes(self, question: str) -> list[Patch]:
        """The known mistakes of a question, as far as the problem set's options have them."""
        patches = [p for part in self.patches.values() for p in part.mistakes]
        return [p for p in patches if p.question == question]
