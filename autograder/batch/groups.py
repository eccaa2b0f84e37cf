"""Wrong answers that nobody has named yet, by how they behave."""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from autograder.batch.kept import Kept
from autograder.grading import behaviour
from autograder.grading.compare import same
from autograder.model import Steps
from autograder.parts.declare import Check
from autograder.sandbox.job import Outcome


@dataclass
class Group:
    """Answers to a question that gave the same on public inputs; ``sources`` without comments.

    ``id`` stays while the first of its members does.
    """

    question: str
    title: str
    outcomes: Mapping[str, Outcome]
    steps: Steps | None
    members: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        mark = hashlib.sha256(f"{self.question}\0{self.members[0]}".encode()).hexdigest()
        return f"{self.question}-{mark[:6]}"

    @property
    def sample(self) -> str:
        """The shortest answer, which no name stands in."""
        return min(self.sources, key=len, default="")


def groups(kept: Mapping[str, Kept], checks: Mapping[str, Iterable[Check]]) -> list[Group]:
    """All groups, the largest first; ``kept`` is by submission, ``checks`` by question."""
    found: dict[tuple[str, str], list[Group]] = {}
    tolerances = {id: {c.name: c.tolerance for c in own} for id, own in checks.items()}
    for name, one in kept.items():
        for result in one.graded.questions:
            id = result.question.id
            outcomes = behaviour.decode(result.behaviour)
            if not outcomes or result.mistake or id not in tolerances:
                continue
            # what other checks or inputs made of an answer cannot be compared
            here = found.setdefault((id, one.prints[id].checks), [])
            alike = [g for g in here if _same(g.outcomes, outcomes, tolerances[id])]
            question = result.question
            group = alike[0] if alike else Group(id, question.title, outcomes, result.steps)
            if not alike:
                here.append(group)
            group.members.append(name)
            if source := anonymous(one.graded.answers.get(id, "")):
                group.sources.append(source)
    everything = [group for here in found.values() for group in here]
    return sorted(everything, key=lambda g: (-len(g.members), g.question, g.members))


def _same(
    a: Mapping[str, Outcome], b: Mapping[str, Outcome], tolerances: Mapping[str, float]
) -> bool:
    return a.keys() == b.keys() and all(same(a[k], b[k], tolerances.get(k, 0)) for k in a)


def anonymous(source: str) -> str:
    """Code without comments and docstrings, in which people leave their names."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    for node in ast.walk(module):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            code = [n for n in body if not _is_text(n)]
            node.body = code or [ast.Pass()] if node is not module else code  # type: ignore[attr-defined]
    return ast.unparse(module)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
