"""Mutants: solutions with one thing changed, each graded, to find what no check sees."""

import ast
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tqdm import tqdm

from autograder.authoring.audit import RememberingSandbox, composed_basis
from autograder.authoring.leaks import MARKER
from autograder.authoring.mutations import OPERATORS, New, Operator, Site
from autograder.course.table import Course
from autograder.grading.code import CodeQuestions
from autograder.grading.mistakes import Equal
from autograder.model import ProblemSet, Question, QuestionResult
from autograder.reading.answers import Submission

SECONDS = 5
"""What a mutant may take: some never end."""
BOUND = 0.03
"""The share of a question's mutants that may survive unjudged."""
LONG = 120


@dataclass(frozen=True)
class Mutant:
    """An answer with one change, which ``change`` tells in a line."""

    question: str
    change: str
    source: str


@dataclass
class Tally:
    """What became of a question's mutants; survivors by change, with the reason, or None.

    ``stale`` are the texts of ``[[equal]]`` entries that fit no change, or none that survives.
    """

    tried: int = 0
    killed: int = 0
    survivors: dict[str, str | None] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)

    @property
    def unjudged(self) -> list[str]:
        return [change for change, reason in self.survivors.items() if reason is None]


def mutants(
    question: str, source: str, operators: Collection[Operator] = OPERATORS
) -> list[Mutant]:
    """Every change of one thing in the lines that students write, in the order of the lines."""
    tree, lines = ast.parse(source), solution_lines(source)
    seen = {ast.unparse(tree)}
    found: list[Mutant] = []
    times = Counter[str]()
    for node, site, place in [*_sites(tree)]:
        if not _students(node, lines):
            continue
        for operator in operators:
            for new in operator(node, site):
                change, changed = _changed(tree, node, new, site, place)
                if changed not in seen:
                    seen.add(changed)
                    times[change] += 1
                    again = f" ({times[change]})" if times[change] > 1 else ""
                    found.append(Mutant(question, change + again, changed))
    return found


def solution_lines(source: str) -> set[int]:
    """The numbers of the lines between the marks of a solution."""
    found, inside = set[int](), False
    for number, line in enumerate(source.splitlines(), 1):
        if match := MARKER.search(line):
            inside = match.group(1).upper() == "BEGIN"
        elif inside:
            found.add(number)
    return found


def _students(node: ast.AST, lines: set[int]) -> bool:
    """Whether a node is theirs: in their lines, or a loop around some of them."""
    if isinstance(node, ast.comprehension):
        node = node.target
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    if isinstance(node, ast.For):
        return not lines.isdisjoint(range(first, last + 1))
    return first in lines


Place = tuple[ast.AST, str, int | None]


def _sites(tree: ast.Module) -> Iterator[tuple[ast.AST, Site, Place]]:
    attributes = dict.fromkeys(
        n.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    )

    def visit(
        node: ast.AST, above: tuple[ast.AST, ...], names: tuple[str, ...]
    ) -> Iterator[tuple[ast.AST, Site, Place]]:
        if isinstance(node, ast.FunctionDef):
            names = _names(node)
        for name, value in ast.iter_fields(node):
            for i, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST):
                    site = Site((*above, node), name, names, tuple(attributes))
                    yield child, site, (node, name, i if isinstance(value, list) else None)
                    yield from visit(child, (*above, node), names)

    yield from visit(tree, (), ())


def _names(function: ast.FunctionDef) -> tuple[str, ...]:
    """The arguments and variables of a function, in the order in which they get a value."""
    stored = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    stored.sort(key=lambda n: (n.lineno, n.col_offset))
    bound = [n.id for n in stored if isinstance(n.ctx, ast.Store)]
    return tuple(dict.fromkeys([*(a.arg for a in function.args.args), *bound]))


def _changed(
    tree: ast.Module, node: ast.AST, new: New, site: Site, place: Place
) -> tuple[str, str]:
    """What was changed, in a line, and the source with it."""
    around = [node, *reversed(site.ancestors)]
    shown: ast.AST = next(a for a in around if isinstance(a, ast.Call | ast.keyword | ast.stmt))
    parts = new if isinstance(new, list) else [new]
    if len(_text(shown)) > LONG:
        shown = node
    old = _text(shown)
    line = getattr(node, "lineno", 0) or getattr(shown, "lineno", 0)
    parent, name, index = place
    if index is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[index : index + 1] = parts
    try:
        whole = ast.unparse(ast.fix_missing_locations(tree))
        text = _text(shown) if shown is not node else "; ".join(map(_text, parts)) or "nothing"
    finally:
        if index is None:
            setattr(parent, name, node)
        else:
            getattr(parent, name)[index : index + len(parts)] = [node]
    return f"line {line}: {old} → {text}", whole


def _text(node: ast.AST) -> str:
    """A node in one line: of a loop or a block its header, and whether it now ends in a break."""
    text = ast.unparse(node).splitlines()[0].strip()
    stops = isinstance(node, ast.For) and isinstance(node.body[-1], ast.Break)
    return f"{text} … break" if stops else text


def try_mutants(
    ps: ProblemSet, course: Course, sample: int = 0, questions: Collection[str] = ()
) -> dict[str, Tally]:
    """Grade the mutants of each code question, or a ``sample`` of so many, always the same ones."""
    budget = replace(ps.limits, seconds=min(SECONDS, ps.limits.seconds))
    basis = composed_basis(replace(ps, limits=budget), course)
    coded = [q for q in ps.questions if not q.report and (not questions or q.id in questions)]
    made = {q: mutants(q.id, basis.reference.answers[q.id]) for q in coded}
    tallies = {}
    imports = dict.fromkeys(i for part in basis.parts.values() for i in part.imports)
    with RememberingSandbox(imports=tuple(imports)) as sandbox:
        grader = CodeQuestions(basis, sandbox)
        chosen = {q: _sample(made[q], sample) for q in coded}
        with tqdm(total=sum(map(len, chosen.values())), desc=f"mutants {ps.id}") as bar:
            for question in coded:
                tally = tallies[question.id] = Tally()
                for mutant in chosen[question]:
                    if _survives(mutant, question, grader):
                        tally.survivors[mutant.change] = None
                    bar.update()
                tally.tried = len(chosen[question])
                tally.killed = tally.tried - len(tally.survivors)
                whole = tally.tried == len(made[question])
                could = [*tally.survivors] if whole else [m.change for m in made[question]]
                equal = [e for e in basis.patches[question.part].equal if e.question == question.id]
                _judge(tally, equal, could)
    return tallies


def _sample(made: list[Mutant], size: int) -> list[Mutant]:
    if not 0 < size < len(made):
        return made
    picked = random.Random(made[0].question).sample(range(len(made)), size)
    return [made[i] for i in sorted(picked)]


def _survives(mutant: Mutant, question: Question, grader: CodeQuestions) -> bool:
    result = QuestionResult(question)
    grader.spent = 0.0
    extras = grader.basis.reference.extras
    grader.grade(result, Submission("mutant", {question.id: mutant.source}, extras))
    return result.passed


def _judge(tally: Tally, equal: Sequence[Equal], could: Sequence[str]) -> None:
    """Give survivors the reason of the entry whose text is in theirs; ``could`` be, of all."""
    for entry in equal:
        if not any(entry.change in change for change in could):
            tally.stale.append(entry.change)
        fitting = [change for change in tally.survivors if entry.change in change]
        tally.survivors.update(dict.fromkeys(fitting, entry.reason))


def as_json(tallies: dict[str, Tally]) -> dict[str, Any]:
    """As design.md fixes it."""
    return {
        "tried": sum(t.tried for t in tallies.values()),
        "killed": sum(t.killed for t in tallies.values()),
        "survivors": [
            {"question": id, "change": change, "judged": reason}
            for id, tally in tallies.items()
            for change, reason in tally.survivors.items()
        ],
    }


def failures(tallies: dict[str, Tally]) -> list[str]:
    """A sentence for each question of whose mutants too many survive, and each stale entry."""
    many = [
        f"{len(t.unjudged)} of {t.tried} mutants of {id} survive, and no [[equal]] says why."
        for id, t in tallies.items()
        if t.unjudged and len(t.unjudged) >= BOUND * t.tried
    ]
    stale = [
        f"The [[equal]] {change!r} of {id} fits no mutant that survives: adapt it in "
        "mistakes.toml, or take it out."
        for id, t in tallies.items()
        for change in t.stale
    ]
    return [*many, *stale]


def render(tallies: dict[str, Tally]) -> str:
    """How many of each question's mutants survive, and which."""
    lines = ["", f"  {'mutants of':<20} tried  killed  judged  unjudged"]
    for id, t in tallies.items():
        judged = len(t.survivors) - len(t.unjudged)
        lines.append(f"  {id:<20} {t.tried:>5}  {t.killed:>6}  {judged:>6}  {len(t.unjudged):>8}")
    lines += ["", "  survivors"]
    for id, t in tallies.items():
        for change, reason in t.survivors.items():
            lines.append(f"  {id:<20} {change}{f'  ({reason})' if reason else '  UNJUDGED'}")
    return "\n".join(lines)
