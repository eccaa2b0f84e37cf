"""Answers that only a newer Python than this one can parse, as far as their notebook says so."""

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.reading.released import Release
from helpers.notebook import question_of
from helpers.reading.cells import LONGEST, Cell
from helpers.reading.finding import defined, same_text
from helpers.reading.magics import neutralise, parses, tree

VERSION = re.compile(r"3\.(\d{1,2})(\.\d{1,2})?((a|b|rc)\d{1,2})?\+?", re.ASCII)
NEWEST = (3, 14)
"""A notebook that claims to have run in a later Python is not believed."""

DEFINES = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def|class|type)[ \t]+(\w+)|^(\w+)[ \t]*[:=]", re.M)
"""What a cell seems to define that has no syntax tree."""


def is_newer(version: str) -> bool:
    """Whether this is the version of a Python that there is, and of a later line than this one."""
    found = VERSION.fullmatch(version)
    return found is not None and sys.version_info[:2] < (3, int(found[1])) <= NEWEST


def written_in(notebook: dict[str, Any]) -> str:
    """The version that a notebook says it ran in, where it is newer than this one; else ""."""
    place: Any = notebook
    for key in ("metadata", "language_info", "version"):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, str) and is_newer(place) else ""


def not_parsed(cells: Sequence[Cell], answers: Mapping[str, str], release: Release) -> list[str]:
    """The questions, by their ids, whose answer needs what this Python cannot parse.

    That may be the answer itself, its own cell, or another that seems to define what it lacks.
    """
    code = [c for c in cells if c.kind == "code" and len(c.source) <= LONGEST]
    foreign = [c for c in code if not parses(neutralise(c.source)[0])]
    own = {c.grade_id or question_of(c.source) for c in foreign}
    made = {a or b for c in foreign for a, b in DEFINES.findall(c.source)}
    found = []
    for question in release.problem_set.questions:
        answer = answers[question.id]
        blank = same_text(answer, release.blank(question.id))
        lacks = _lacks("" if blank else answer, question.names)
        if question.id in own or not parses(answer) or made & lacks:
            found.append(question.id)
    return found


def _lacks(answer: str, names: Sequence[str]) -> set[str]:
    """The names that an answer should define, or uses, and that nothing in it binds."""
    nodes = list(ast.walk(tree(answer) or ast.Module([], [])))
    known = {n.arg for n in nodes if isinstance(n, ast.arg)} | defined(answer)
    known |= {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return {*names, *(n.id for n in nodes if isinstance(n, ast.Name))} - known
