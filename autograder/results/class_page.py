"""The class at a glance: one page for an instructor, of all results that lie in a folder."""

import base64
import hashlib
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.model import CourseError
from autograder.results.files import write_text
from autograder.results.html import points, templates
from autograder.results.rows import Row, questions_of, read_rows
from autograder.results.text import one_line

MOST_COMMON = 12
SCRIPT = (Path(__file__).parent / "templates" / "class.js").read_text(encoding="utf-8")
LIMIT = ("The code did not finish", "It was not run")
"""How messages begin that tell of a limit, or of an answer that ended its process."""


@dataclass
class More:
    """What a folder tells beside its results: see ``autograder.batch.overview``."""

    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Sequence[Mapping[str, str]] = ()
    changes: Sequence[Mapping[str, str]] = ()
    groups: Sequence[Mapping[str, Any]] = ()
    pairs: Sequence[Mapping[str, Any]] = ()
    usual: float = 1.0
    by_hand: Sequence[str] = ()


def write_class_page(folder: Path, out: Path, more: More | None = None) -> str:
    """Write the class at a glance from ``folder/*/results.json`` to ``out``; say it in a sentence.

    A results.json that cannot be read is listed on the page.

    Raises:
        CourseError: there is no such folder.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: give the one that `grade --out` wrote.")
    rows, unreadable = read_rows(folder)
    links = {row.name: row.link(out.parent) for row in rows}
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    page = templates.get_template("class.html").render(
        **_figures(rows),
        persons=_persons(rows),
        links=links,
        bad=[{"name": one_line(k), "reason": one_line(v)} for k, v in unreadable.items()],
        more=more or More(),
        script=Markup(SCRIPT),
        script_hash=digest,
    )
    write_text(out, page)
    trouble = f", {len(unreadable)} could not be read" if unreadable else ""
    return f"{len(rows)} results{trouble}: {out}"


def _figures(rows: list[Row]) -> dict[str, Any]:
    """All that the class page shows of its rows."""
    graded = [r for r in rows if r.counts]
    totals = [r.score for r in graded]
    max_score = max((r.max_score for r in rows), default=0.0)
    sets = sorted({r.problem_set for r in rows})
    first = questions_of(rows)
    titles = {id: str(test.get("name", id)) for id, test in first.items()}
    return {
        "title": rows[0].title if len(sets) == 1 else "Results",
        "mixed": sets if len(sets) > 1 else [],
        "rows": rows,
        "graded": graded,
        "unreadable": sum(bool(r.problem) and not r.fault for r in rows),
        "faults": sum(bool(r.fault) for r in rows),
        "unverified": sum(r.verified is False for r in graded),
        "mean": statistics.fmean(totals) if totals else 0.0,
        "median": statistics.median(totals) if totals else 0.0,
        "max_score": max_score,
        "bins": histogram(totals, max_score),
        "questions": [
            _distribution(id, titles[id], graded, first[id])
            for id in first
            if first[id]["max_score"] > 0  # else it was dropped
        ],
        "titles": titles,
        "mistakes": _mistakes(graded, titles),
        "failed": _failed(graded, titles),
    }


def _persons(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Who needs a person to look, by reason: each submission with what to look at."""
    reasons = {
        "Grader faults": "Graded again by the next `grade`; until then they have no score.",
        "Bad input": "Nothing could be graded: ask for another file.",
        "Not verified": "These accuracies count, but no model that was handed in reaches them.",
        "Limits": "These answers did not come to their end, or took all the time there is.",
        "Mended": "Graded as found; the notes say what was odd.",
    }
    found: dict[str, list[tuple[str, str]]] = {reason: [] for reason in reasons}
    for row in rows:
        if row.fault:
            found["Grader faults"].append((row.name, row.fault))
            continue
        if row.problem:
            found["Bad input"].append((row.name, row.problem))
            continue
        told = row.tests.items()
        for reason, holds in (("Not verified", _unverified), ("Limits", _ended)):
            if titles := [str(test.get("name", id)) for id, test in told if holds(test)]:
                found[reason].append((row.name, ", ".join(titles)))
        if row.notes:
            found["Mended"].append((row.name, " ".join(row.notes)))
    return [
        {"title": title, "says": reasons[title], "rows": listed}
        for title, listed in found.items()
        if listed
    ]


def _unverified(test: Mapping[str, Any]) -> bool:
    return test["extra_data"].get("verified") is False


def _ended(test: Mapping[str, Any]) -> bool:
    checks = test["extra_data"]["checks"]
    return any(str(c.get("message", "")).startswith(LIMIT) for c in checks)


def _distribution(
    id: str, title: str, graded: Iterable[Row], test: dict[str, Any]
) -> dict[str, Any]:
    top = test["max_score"]
    scores = [r.scores[id] for r in graded if id in r.scores]
    full = sum(s >= top for s in scores)
    zero = sum(s <= 0 < top for s in scores)
    return {
        "id": id,
        "title": title,
        "max_score": top,
        "mean": statistics.fmean(scores) if scores else 0.0,
        "full": full,
        "zero": zero,
        "partial": len(scores) - full - zero,
    }


def _mistakes(graded: Iterable[Row], titles: dict[str, str]) -> list[dict[str, Any]]:
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    hints: dict[str, str] = {}
    for row in graded:
        hints |= {k: str(v) for k, v in row.hints.items()}
        for id, test in row.tests.items():
            told = test["extra_data"]
            several = told.get("mistakes")
            for mistake in several if isinstance(several, list) else [told.get("mistake")]:
                if mistake:
                    who[id, str(mistake)].append(row.name)
    return [
        {"question": titles[id], "id": mistake, "names": names, "hint": hints.get(mistake, "")}
        for (id, mistake), names in sorted(who.items(), key=lambda item: -len(item[1]))
    ]


def _failed(graded: Iterable[Row], titles: dict[str, str]) -> list[dict[str, Any]]:
    count = Counter(
        (id, str(check.get("name", "")))
        for row in graded
        for id, test in row.tests.items()
        for check in test["extra_data"]["checks"]
        if not check.get("passed") and test["max_score"] > 0
    )
    return [
        {"question": titles[id], "name": name, "count": n}
        for (id, name), n in count.most_common(MOST_COMMON)
    ]


def histogram(totals: list[float], max_score: float, bins: int = 10) -> list[dict[str, Any]]:
    """Bars of a 420 × 180 drawing: equal ranges, full marks and more in a last one.

    So a bar labelled 2 holds totals from 2 up to the next label.
    """
    if not totals or max_score <= 0:
        return []
    counts = [0] * (bins + 1)
    for total in totals:
        # Rounded first: 0.3 / 0.1 is 2.9999999999999996.
        counts[min(bins, max(0, math.floor(round(total / max_score * bins, 6))))] += 1
    step, tallest = 400 / len(counts), max(counts)
    drawn = []
    for i, count in enumerate(counts):
        height = round(120 * count / tallest, 1)
        drawn.append(
            {
                "count": count,
                "label": points(max_score * i / bins),
                "x": round(10 + i * step + 3, 1),
                "y": round(150 - height, 1),
                "width": round(step - 6, 1),
                "height": height,
                "middle": round(10 + (i + 0.5) * step, 1),
            }
        )
    return drawn
