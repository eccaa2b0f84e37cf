"""How a part declares what is graded: questions, and checks with their inputs.

A check is one function: its arguments to the decorator say which question, probe and weight, its
body draws the inputs from the generator it is given, and its docstring is the sentence a student
reads. What is right is never written down here: the reference, run by the same probe on the same
inputs, says so.
"""

import hashlib
import hmac
import importlib
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograder.model import CourseError, Question
from autograder.parts.numbers import Computed, Number, Values, filled

Generator = np.random.Generator
Inputs = dict[str, Any]
Draw = Callable[..., Inputs]

PARTS = Path(__file__).parent


def misfit(when: Mapping[str, str], options: Mapping[str, Sequence[str]]) -> str:
    """Which option or value there is not, as a sentence; "" where all are."""
    for name, value in when.items():
        if name not in options:
            return f"there is no option {name!r}, only {', '.join(options) or 'none'}."
        if value not in options[name]:
            choice = " or ".join(map(repr, options[name]))
            return f"the option {name} is {value!r}, but has to be {choice}."
    return ""


def applies(when: Mapping[str, str], options: Values) -> bool:
    """Whether something that holds for certain options only is there with these."""
    return all(options.get(name) == value for name, value in when.items())


@dataclass(frozen=True)
class Check:
    """One graded property of a question: inputs → probe → compare.

    ``tolerance`` bounds the error of every array, as a share of the largest expected magnitude.
    A check with ``when`` is made only where the problem set's options have these values.
    """

    question: str
    name: str
    sentence: str
    probe: str
    weight: float
    tolerance: float
    draw: Draw
    when: Mapping[str, str]

    def inputs(self, secret: bytes) -> Inputs:
        """The inputs of a term: the same for every student who is graded with this secret."""
        seed = hmac.new(secret, f"{self.question}/{self.name}".encode(), hashlib.sha256).digest()
        return self.draw(np.random.default_rng(list(seed)))


@dataclass(frozen=True)
class Architecture:
    """How a report's models are run: a probe, beside the reference's answers to these questions.

    The first of ``answers`` must define what the probe calls; it may use the others.
    """

    probe: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class ReportRule:
    """What a report question asks for.

    ``results`` names the dict of accuracies and ``keys`` what it must hold; ``facts`` maps further
    dicts to the literals that are right. ``orderings`` lists (better, worse) keys and ``ranges``
    the accuracies (low, high) that each profile can show with the usual numbers. ``models`` says
    how handed-in weights are run, where they are small enough to be handed in.
    """

    results: str
    keys: tuple[str, ...]
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    orderings: Sequence[tuple[str, str]] = ()
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    models: Architecture | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.facts, self.results)


@dataclass
class Part:
    """All that grades one topic, declared in ``parts/<name>/checks.py``.

    Many checks may be spread over files whose names begin with ``checks``, and their probes over
    files that begin with ``probes``: they end up in one module. Examples are in ``examples.py``.

    ``imports`` are modules that answers need beside torch and numpy, and that take long to import:
    the sandbox has them ready.
    """

    name: str
    imports: tuple[str, ...] = ()
    questions: list[Question] = field(default_factory=list)
    by_hand: list[Question] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    reports: dict[str, ReportRule] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    needed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    computations: dict[str, Computed] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return PARTS / self.name

    @property
    def probes(self) -> str:
        """The source of the part's probes, which runs beside a student's code."""
        files = sorted(self.folder.glob("probes*.py"))
        return "\n".join(path.read_text(encoding="utf-8") for path in files)

    @property
    def stand_ins(self) -> dict[str, str]:
        """What the notebook gives an answer, made neutral: a module and its source, if any."""
        path = self.folder / "stand_ins.py"
        name = f"autograder.parts.{self.name}.stand_ins"
        return {name: path.read_text(encoding="utf-8")} if path.is_file() else {}

    def needs(self, part: str, *cells: str) -> None:
        """Cells of an earlier part that this one cannot do without, by their ids.

        Where a problem set does not have that part, they are given: answers as the solution has
        them. Cells of this part's notebook tagged ``PART=before`` or ``PART=given`` are there in
        one case alone.
        """
        self.needed[part] = cells

    def option(self, name: str, *values: str) -> None:
        """What a problem set may choose in course.toml; the first value where it does not."""
        self.options[name] = values

    def number(
        self,
        name: str,
        default: int | float,
        *,
        low: float,
        high: float,
        samples: tuple[int | float, int | float],
        said: str = "",
    ) -> None:
        """A number that students implement, which a problem set may choose (``parts/numbers.py``).

        In probes and stand-ins it is a constant with its name in capitals, None until the problem
        set's stands behind them: functions see that, defaults of arguments do not. A check that
        draws inputs by it has an argument of its name.
        """
        self.numbers[name] = Number(default, low, high, samples, said)

    def computed(self, function: Computed) -> Computed:
        """What follows from the numbers and is no short formula, for formulas to name."""
        self.computations[function.__name__] = function
        return function

    def values(self, options: Values) -> Values:
        """The options of a problem set, and what this part and those that it needs compute."""
        found: dict[str, Any] = {}
        for name in self.needed:
            found |= load_part(name).values({})
        return {**found, **self.computations, **options}

    @property
    def all_numbers(self) -> dict[str, Number]:
        """Its own numbers, and those of the parts that it needs: it is given answers with them."""
        found: dict[str, Number] = {}
        for name in self.needed:
            found |= load_part(name).all_numbers
        return found | self.numbers

    def usual(self, options: Values) -> bool:
        """Whether all numbers are the default ones: pictures and accuracies come of those."""
        numbers = self.all_numbers
        return all(options.get(n, numbers[n].default) == numbers[n].default for n in numbers)

    def question(
        self, id: str, title: str, points: float, *names: str, bonus: bool = False
    ) -> None:
        self.questions.append(Question(id, title, points, names, self.name, bonus))

    def report(self, id: str, title: str, points: float, rule: ReportRule) -> None:
        """A question whose literals are compared with what the notebook printed."""
        self.questions.append(Question(id, title, points, rule.names, self.name, report=True))
        self.reports[id] = rule

    def manual(self, id: str, title: str, points: float) -> None:
        """A question answered in a text cell, which a person grades; its rubric stands above it."""
        self.by_hand.append(Question(id, title, points, (), self.name))

    def example(self, question: str, code: str) -> None:
        """A few lines that a student can run, of which the last is the value to compare.

        Those of a question are tried in order, and the first that comes out wrong is shown. They
        use nothing but the answer itself and what is there for every answer.
        """
        self.examples.setdefault(question, []).append(textwrap.dedent(code).strip())

    def check(
        self,
        question: str,
        probe: str,
        *,
        weight: float = 1.0,
        tolerance: float = 1e-4,
        when: Mapping[str, str] | None = None,
    ) -> Callable[[Draw], Draw]:
        def declare(draw: Draw) -> Draw:
            sentence = " ".join((draw.__doc__ or "").split())
            if not sentence:
                raise CourseError(f"Check {draw.__name__} of {question} has no docstring.")
            if any(c.name == draw.__name__ and c.question == question for c in self.checks):
                raise CourseError(f"Two checks of {question} are named {draw.__name__}.")
            if wrong := misfit(when or {}, self.options):
                raise CourseError(f"Check {draw.__name__} of {question}: {wrong}")
            self.checks.append(
                Check(question, draw.__name__, sentence, probe, weight, tolerance, draw, when or {})
            )
            return draw

        return declare

    def checks_of(self, question: str, options: Values) -> list[Check]:
        """The checks that there are with these options, their numbers filled in."""
        return [
            replace(
                c,
                sentence=filled(c.sentence, self.values(options)),
                draw=_with_numbers(c.draw, options),
            )
            for c in self.checks
            if c.question == question and applies(c.when, options)
        ]

    def constants(self, options: Values) -> str:
        """The numbers that are chosen, as Python, to stand behind a module of this part."""
        return "".join(f"\n{n.upper()} = {options[n]!r}" for n in self.all_numbers if n in options)


def _with_numbers(draw: Draw, options: Values) -> Draw:
    """Inputs may depend on numbers, which the function takes behind the generator."""
    _, *names = inspect.signature(draw).parameters
    return partial(draw, **{n: options[n] for n in names if n in options}) if names else draw


def normal(rng: Generator, *shape: int) -> np.ndarray:
    """Standard normal numbers, float32."""
    return rng.standard_normal(shape, dtype=np.float32)


def seed(rng: Generator) -> int:
    """A seed for a probe's own generators."""
    return int(rng.integers(2**31))


def load_part(name: str) -> Part:
    """The part that ``parts/<name>/checks.py`` declares as ``PART``, with all its checks."""
    if not (PARTS / name / "checks.py").is_file():
        known = ", ".join(sorted(p.parent.name for p in PARTS.glob("*/checks.py")))
        raise CourseError(f"There is no part {name!r} in {PARTS}; there are: {known}.")
    for path in sorted([*(PARTS / name).glob("checks*.py"), *(PARTS / name).glob("examples.py")]):
        importlib.import_module(f"autograder.parts.{name}.{path.stem}")
    part: Part = importlib.import_module(f"autograder.parts.{name}.checks").PART
    return part
