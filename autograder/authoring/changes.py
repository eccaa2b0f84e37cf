"""What students are told of a release that replaces one that is out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from autograder.authoring.compose import composed
from autograder.course.dates import written
from autograder.course.table import Course
from autograder.model import ProblemSet, Question

SAID = {"title": "Title", "posted": "Posted", "due": "Due", "hand_in": "Where to hand in"}
"""What the heading of a notebook says of its problem set, as students are told of it."""


def noted(ps: ProblemSet, course: Course, notebook: str) -> dict[str, Any]:
    """What a manifest keeps of a release, for the next one to be compared with."""
    said = {
        "title": ps.title,
        "posted": written(ps.posted, ps.posted_at, course.about.timezone),
        "due": written(ps.due, ps.due_at, course.about.timezone),
        "hand_in": ps.hand_in,
    }
    points = {q.id: q.points for q in (*ps.questions, *ps.by_hand)}
    texts = _sources(composed(_blank(ps), course))
    answers = {q.id for q in ps.by_hand}
    sources = {
        id: (kind, texts[id][1] if kind == "markdown" and id not in answers else source)
        for id, (kind, source) in _sources(notebook).items()
    }
    return {"said": said, "points": points, "cells": _digests(sources)}


def _blank(ps: ProblemSet) -> ProblemSet:
    """The problem set without what its table says for people, so that texts do not have it."""
    return replace(
        ps, title="", number=0, hand_in="", posted=date.min, due=date.min, posted_at=None,
        due_at=None, questions=tuple(replace(q, points=0) for q in ps.questions),
        by_hand=tuple(replace(q, points=0) for q in ps.by_hand),
    )  # fmt: skip


def _sources(notebook: str) -> dict[str, tuple[str, str]]:
    """Each cell's kind and source, by its id."""
    cells = json.loads(notebook)["cells"]
    return {c["id"]: (c["cell_type"], "".join(c["source"])) for c in cells}


def _digests(sources: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {id: hashlib.sha256(s.encode()).hexdigest()[:16] for id, (_, s) in sources.items()}


def differing(there: str, text: str) -> str:
    """Which cells of a notebook another one has otherwise."""
    if not there:
        return "it is not there yet"
    try:
        before, now = _sources(there), _sources(text)
    except (ValueError, KeyError):
        return "it is no notebook of ours"
    if not (ids := _unlike(before, now)):
        return "its metadata"
    return f"cells {', '.join(ids[:8])}" + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")


def changed(before: Mapping[str, Any], now: Mapping[str, Any], ps: ProblemSet) -> list[str]:
    """What a student who has the release ``before`` should know: dates, questions, other cells.

    Both are what ``noted`` gave; a release of which nothing is noted is the first.
    """
    if not before:
        return []
    lines = [
        f"{SAID[key]}: {value} (before: {before['said'][key]})."
        for key, value in now["said"].items()
        if before["said"][key] != value
    ]
    ids = _unlike(before["cells"], now["cells"])
    for question in (*ps.questions, *ps.by_hand):
        own = {
            question.id: "what is given of the answer",
            f"{question.id}-text": "the text",
            f"outcome-{question.id}": "what should come out",
            f"hints-{question.id}": "the hints",
            f"test_{question.id}": "the test",
        }
        parts = [own[id] for id in own if id in ids]
        ids = [id for id in ids if id not in own]
        what = _worth(question, before["points"].get(question.id))
        what += [f"{' and '.join(parts)} changed"] if parts else []
        if what:
            answer = question.id in before["cells"] and own[question.id] in parts
            what.append(
                "copy your answer into the new cell" if answer else "your answer stays as it is"
            )
            lines.append(f"*{question.title}*: {'; '.join(what)}.")
    if "get-helpers" in ids:
        lines.append("The package `helpers` is a newer one: run the first cell again.")
    if rest := [id for id in ids if id != "get-helpers"]:
        named = ", ".join(f"`{id}`" for id in rest[:8]) + (" and others" if len(rest) > 8 else "")
        lines.append(f"Other cells that are given changed ({named}); no answer is touched by them.")
    return lines


def _worth(question: Question, before: float | None) -> list[str]:
    if before is None or before == question.points:
        return []
    return [f"{question.points:g} point{'s' * (question.points != 1)} (before: {before:g})"]


def _unlike(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [id for id in {**before, **now} if before.get(id) != now.get(id)]
