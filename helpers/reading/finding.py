"""Which cell answers which question, whatever happened to the notebook."""

import ast
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from helpers.notebook import question_of
from helpers.reading.cells import LONGEST, Cell
from helpers.reading.magics import neutralise, tree


@dataclass(frozen=True)
class Asked:
    """A question: the names that its answer defines, and the ``mark`` of its cell as handed out.

    The notebook itself does not say the latter: there an answer that still raises
    NotImplementedError counts as untouched.
    """

    id: str
    names: tuple[str, ...]
    blank: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to a question: the cells that hold it, by index, their code, and notes."""

    cells: list[int]
    source: str = ""
    notes: list[str] = field(default_factory=list)


class Finder:
    """Finds answers by their grade_id, else by their first line, else by what they define.

    ``used`` are the cells that hold answers, or were meant to hold them.
    """

    def __init__(self, cells: Sequence[Cell], asked: Sequence[Asked]) -> None:
        self.cells = cells
        self.used: set[int] = set()
        wanted = [name for question in asked for name in question.names]
        self._plain = [neutralise(c.source) if may_be_code(c, wanted) else ("", []) for c in cells]
        self._defined = [defined(source) for source, _ in self._plain]
        self._names = [
            names if cell.kind == "code" else frozenset[str]()
            for cell, names in zip(cells, self._defined, strict=True)
        ]
        self._marked = [question_of(c.source) for c in cells]

    def find(self, question: Asked) -> Answer:
        """The answer to ``question``; of no cells where there is nothing like one."""
        own = [i for i, c in enumerate(self.cells) if c.grade_id == question.id]
        own = own or [i for i, id in enumerate(self._marked) if id == question.id]
        chosen = self._choose(question, own)
        if not chosen:
            return Answer([], notes=["The notebook has no cell for this question."])
        self.used |= {*own, *chosen}
        source = "\n".join(self._plain[i][0] for i in chosen)
        return Answer(chosen, source, list(self._notes(question, own, chosen)))

    def _choose(self, question: Asked, own: list[int]) -> list[int]:
        wanted = set(question.names)
        if not wanted:  # a notebook that does not say what its answers define
            return own[-1:]

        def touched(i: int) -> bool:
            source = self.cells[i].source
            return mark(source) != question.blank if question.blank else not is_stub(source)

        def last_good(among: list[int]) -> list[int]:
            """The last cell that is filled in and defines all."""
            good = [i for i in among if wanted <= self._defined[i] and touched(i)]
            return good[-1:]

        free = [i for i in range(len(self.cells)) if i not in own and self._is_free(i, question)]
        speaks = _speaks_of(question)
        candidates = own or [i for i in free if speaks(self.cells[i].source)]
        if good := last_good(candidates):
            return good
        # The answer, or the rest of it, may stand in cells that the student added.
        if own and (good := last_good(free)):
            return good
        parts = [i for i in own if touched(i)] + [i for i in free if self._names[i] & wanted]
        if wanted <= set().union(*(self._names[i] for i in parts)):
            return sorted(parts)
        others = [i for i, c in enumerate(self.cells) if not (c.grade_id or "").startswith("test_")]
        if good := last_good([i for i in others if self._names[i] >= wanted]):
            return good  # in the cell of another question
        return ([i for i in candidates if touched(i)] or candidates)[-1:]

    def _is_free(self, i: int, question: Asked) -> bool:
        """Whether a code cell belongs to no other question, as far as it says so."""
        cell = self.cells[i]
        unmarked = cell.kind == "code" and not cell.grade_id and i not in self.used
        return unmarked and self._marked[i] in (None, question.id)

    def _notes(self, question: Asked, own: list[int], chosen: list[int]) -> Iterator[str]:
        if len(own) > 1 and len(chosen) == 1:
            yield (
                f"{len(own)} cells answer this question; "
                f"the last that defines {_listed(question.names)} was graded."
            )
        if len(chosen) > 1 or any(self.cells[i].split for i in chosen):
            yield "The answer is split over several cells; they were graded as one."
        if not own or chosen[0] not in own:
            yield "The answer was found in another cell than its own."
        for i in chosen:
            cell = self.cells[i]
            yield from self._plain[i][1]
            if cell.kind != "code":
                yield f"The answer is in a {cell.kind} cell; it was graded as code."
            if len(cell.source) > LONGEST:
                yield f"The cell has {len(cell.source):,} characters: too many to grade."


@functools.lru_cache(maxsize=1000)
def defined(source: str) -> frozenset[str]:
    """The names that a cell defines at its top level; none where it is no Python."""
    module = tree(source)
    return frozenset(_names(module.body) if module else ())


def _names(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {a.asname or a.name for a in aliases}
            case ast.If() | ast.Try() | ast.With():
                waiting += [*node.body, *getattr(node, "orelse", [])]
    return names


def mark(source: str) -> str:
    """The same for two cells that differ in white space at most, and for no others."""
    return sha256("".join(source.split()).encode()).hexdigest()[:16]


def is_stub(source: str) -> bool:
    """Whether a line of an answer is left to write, as it was handed out.

    What an answer refuses to do has a message.
    """
    module = tree(source)
    if module is None:
        return "NotImplementedError()" in source
    return any(map(_is_left, ast.walk(module)))


def leaves_work(source: str) -> bool:
    """The same of other code, outside of functions: a class may leave a method to others."""
    module = tree(source)
    return module is not None and any(map(_is_left, module.body))


def _is_left(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and ast.unparse(node.exc or node) in (
        "NotImplementedError", "NotImplementedError()",
    )  # fmt: skip


def same_text(a: str, b: str) -> bool:
    """Whether two cells differ in white space at most."""
    return mark(a) == mark(b)


def may_be_code(cell: Cell, names: Sequence[str]) -> bool:
    """Whether a cell is worth parsing: an answer may stand in a text cell, but not a picture."""
    if len(cell.source) > LONGEST:
        return False
    named = any(name in cell.source for name in names) and "data:image" not in cell.source
    return named or cell.kind == "code"


def _speaks_of(question: Asked) -> Callable[[str], object]:
    """What tells whether a cell, be it Python or not, seems to define one of the names."""
    names = "|".join(map(re.escape, question.names))
    defines = rf"^[ \t]*((class|def)[ \t]+({names})\b|({names})[ \t]*(:[^=\n]*)?=[^=])"
    return re.compile(defines, re.MULTILINE).search


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)
