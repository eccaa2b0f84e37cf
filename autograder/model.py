"""The few records that every room passes on: questions, and results on their way to a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

OVERHEAD = 110  # seconds
PUBLIC_SHARE = 0.25
"""Of a question's points, what public checks earn together where no other passes."""


class CourseError(Exception):
    """Something an instructor can mend; the message says what was found, where, and what to do."""


@dataclass(frozen=True)
class Student:
    """Who handed in, as far as it is told."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class HandIn:
    """Who handed in together, when (with its zone), and for which time; what a platform tells.

    ``late`` is a platform's own word, where it tells no time. ``upload`` is the number that it
    gives each file, later ones larger ones, and the name whose copies it counts as attempts.
    Where no layout tells anything, ``folder`` is the one in which the file lay alone.
    """

    students: tuple[Student, ...] = ()
    submitted: datetime | None = None
    attempt: int | None = None
    late: bool = False
    upload: tuple[int, str] = field(default=(0, ""), compare=False)
    folder: str = field(default="", compare=False)

    def is_older(self, other: "HandIn") -> bool:
        """Whether this came before the other, as far as a platform tells."""
        if self.submitted and other.submitted:
            return self.submitted < other.submitted
        (own, name), (its, its_name) = self.upload, other.upload
        if own and its and name != its_name:
            return own < its
        return bool(self.attempt and other.attempt and self.attempt < other.attempt)


@dataclass(frozen=True)
class Question:
    """One graded item: an answer cell with this id, and the test cell ``test_<id>`` under it.

    ``names`` are what the answer must define. A ``report`` question is a dict of literals that is
    compared with what the notebook printed, without running anything.
    """

    id: str
    title: str
    points: float
    names: tuple[str, ...]
    part: str
    bonus: bool = False
    report: bool = False


@dataclass(frozen=True)
class Budget:
    """What the answers of a submission may take.

    ``seconds`` of computing, ``memory`` and ``files`` in MB are those of one run of an answer,
    with all processes that it starts, which may sleep for as long; ``questions`` have other
    seconds than the rest. ``submission`` is the computing and sleeping of all answers of a student
    together, in seconds.
    """

    seconds: int = 10
    memory: int = 2048
    files: int = 256
    submission: int = 180
    questions: Mapping[str, int] = field(default_factory=dict)

    @property
    def longest(self) -> int:
        """The seconds that a grade may take at worst, on half a processor.

        Computing takes twice as long there. The question that meets the limit may go on: in two
        stages of computing and waiting, and once more where it waited. The rest, in ``OVERHEAD``,
        is the grader's own: starting, reading the hand-in, the reference, and known mistakes.
        """
        most = max([self.seconds, *self.questions.values()])
        return 2 * self.submission + 12 * most + OVERHEAD


@dataclass(frozen=True)
class Lateness:
    """What it costs to hand in late: ``points_a_day`` for each day begun, and all after the last.

    ``grace_hours`` count as in time.
    """

    points_a_day: float = 0.0
    grace_hours: float = 0.0
    last_day: int | None = None


@dataclass(frozen=True)
class HintRule:
    """Hints come ``after`` so many attempts, and with so many ``a_day``."""

    after: int = 0
    a_day: int | None = None


@dataclass(frozen=True)
class ProblemSet:
    """A table of course.toml. Questions ``by_hand`` are a person's to grade: no result has them."""

    id: str
    title: str
    number: int
    parts: tuple[str, ...]
    posted: date
    due: date
    profiles: tuple[str, ...]
    visibility: str
    hand_in: str
    options: dict[str, str | int | float] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    by_hand: tuple[Question, ...] = ()
    limits: Budget = field(default_factory=Budget)
    hints: bool = True
    posted_at: datetime | None = None
    due_at: datetime | None = None
    """The times of these days, where course.toml has them."""
    late: Lateness | None = None
    hold: HintRule | None = None
    """When Gradescope's feedback holds hints back."""
    verify: str = "flag"
    """Whether an accuracy without a model that reaches it is flagged, or counts nothing."""

    @property
    def points(self) -> float:
        """What the questions add up to, without bonus questions and those graded by hand."""
        return sum(q.points for q in self.questions if not q.bonus)

    @property
    def points_by_hand(self) -> float:
        return sum(q.points for q in self.by_hand)


@dataclass
class CheckResult:
    """One graded property: ``name`` is the check's sentence, ``message`` why it failed.

    A ``public`` one has the same outcome for every secret: code that forges it needs no inputs.
    """

    name: str
    passed: bool
    weight: float = 1.0
    message: str = ""
    public: bool = False


@dataclass(frozen=True)
class Steps:
    """How far a wrong answer got: the steps that it computed, and the first that it missed."""

    seen: list[str]
    missed: str | None = None

    @property
    def sentence(self) -> str:
        *most, last = self.seen
        there = f"{', '.join(most)} and {last}" if most else last
        rest = (
            f"not yet {self.missed}"
            if self.missed
            else "what is wrong comes after that, or beside it"
        )
        return f"On example inputs, your code gets to {there}; {rest}."


@dataclass(frozen=True)
class Example:
    """A snippet on public inputs: what an answer ``gave`` for its last line, and what is right."""

    code: str
    gave: str
    right: str

    @property
    def text(self) -> str:
        """The snippet, with what came out and what should as a comment."""
        return f"{self.code}\n# Your answer {self.gave};\n# right is {self.right}."


@dataclass
class QuestionResult:
    """What one question earned, and everything its student may read about it.

    ``verified`` tells of reported accuracies whether models that were handed in reach them; it is
    None where there are none, or no models to reach them.
    """

    question: Question
    checks: list[CheckResult] = field(default_factory=list)
    mistake: str | None = None
    hint: str = ""
    also: dict[str, str] = field(default_factory=dict)
    """Further mistakes, which explain other checks, with their hints."""
    notes: list[str] = field(default_factory=list)
    printed: str = ""
    fault: str = ""
    done: bool = False
    verified: bool | None = None
    steps: Steps | None = None
    example: Example | None = None
    behaviour: bytes = b""
    """How an answer that is wrong for no known reason behaved on public inputs."""

    @property
    def score(self) -> float:
        total = sum(c.weight for c in self.checks)
        if not total:
            return 0.0
        passed = [c for c in self.checks if c.passed]
        share = sum(c.weight for c in passed) / total
        if all(c.public for c in passed):
            share = min(share, PUBLIC_SHARE)
        return round(self.question.points * share, 4)

    @property
    def hints(self) -> dict[str, str]:
        """All that a student is told to look at, by the mistakes' ids."""
        return {self.mistake or "": self.hint, **self.also} if self.hint else dict(self.also)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(c.passed for c in self.checks)


@dataclass
class Report:
    """The grade of one submission. ``problem`` says in a sentence why nothing could be graded.

    ``isolation`` tells which mechanisms kept its answers apart, once they were run; ``answers``
    are what was graded, by question. ``held`` says why hints are held back, where they are.
    """

    submission: str
    problem_set: ProblemSet
    questions: list[QuestionResult]
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    isolation: dict[str, bool] = field(default_factory=dict)
    hand_in: HandIn = field(default_factory=HandIn)
    answers: dict[str, str] = field(default_factory=dict)
    held: str = ""

    @property
    def score(self) -> float:
        return round(sum(q.score for q in self.questions), 4)

    @property
    def max_score(self) -> float:
        return self.problem_set.points

    @property
    def verified(self) -> bool | None:
        """Whether all accuracies are that can be; None where there are none."""
        told = [q.verified for q in self.questions if q.verified is not None]
        return all(told) if told else None

    @property
    def fault(self) -> str:
        """The grader's own fault, never a student's zero; empty when there was none."""
        return next((q.fault for q in self.questions if q.fault), "")
