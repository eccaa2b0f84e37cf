"""The class at a glance: one page for an instructor, from the results that lie in a folder."""

import json
import math
import os
import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograder.model import CourseError
from autograder.results.files import write_text
from autograder.results.html import points, templates
from autograder.results.text import one_line

MAX_RESULTS = 50 << 20  # bytes of a results.json that the class page reads
MOST_COMMON = 8


@dataclass
class Row:
    """A submission as its results.json tells it."""

    name: str
    link: str
    problem_set: str
    title: str
    score: float
    max_score: float
    fault: str
    problem: str
    notes: list[str]
    tests: dict[str, dict[str, Any]]
    hints: dict[str, str]
    scores: dict[str, float] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)

    @property
    def counts(self) -> bool:
        """Whether the class's figures include it."""
        return not self.fault and not self.problem


def write_class_page(folder: Path, out: Path) -> str:
    """Write the class at a glance from ``folder/*/results.json`` to ``out``; say it in a sentence.

    A results.json that cannot be read is listed on the page.

    Raises:
        CourseError: there is no such folder.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: give the one that `grade --out` wrote.")
    rows: list[Row] = []
    bad: list[dict[str, str]] = []
    for path in sorted(folder.glob("*/results.json"), key=lambda p: _alphabetical(p.parent.name)):
        try:
            rows.append(read_row(path, out.parent))
        except (OSError, ValueError) as error:
            bad.append({"name": one_line(path.parent.name), "reason": one_line(str(error))})
    write_text(out, templates.get_template("class.html").render(**_figures(rows), bad=bad))
    trouble = f", {len(bad)} could not be read" if bad else ""
    return f"{len(rows)} results{trouble}: {out}"


def _alphabetical(name: str) -> tuple[Any, ...]:
    """A key that puts ``student2`` before ``student10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((int(p[:18]), p) if i % 2 else (0, p) for i, p in enumerate(parts))


def read_row(path: Path, page: Path) -> Row:
    """The results.json at ``path``, with a link from a page in the folder ``page``.

    Raises:
        ValueError: it is not a results.json of ours; the message says what is wrong.
    """
    if path.stat().st_size > MAX_RESULTS:
        raise ValueError(f"results.json is larger than {MAX_RESULTS >> 20} MB")
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"results.json is not JSON: {error}") from None
    _expect(isinstance(data, dict) and isinstance(data.get("tests"), list), "has no list of tests")
    extra: Any = data.get("extra_data")
    _expect(isinstance(extra, dict), "has no extra_data")
    tests = {}
    for test in data["tests"]:
        mine = test.get("extra_data") if isinstance(test, dict) else None
        if not isinstance(mine, dict) or not isinstance(mine.get("question"), str):
            raise ValueError("results.json has a test that names no question")
        _expect(_number(test.get("score")) and _number(test.get("max_score")), "has a bad score")
        _expect(_are(mine.get("checks"), dict), "has no list of checks")
        tests[mine["question"]] = test
    feedback = path.with_name("feedback.html")
    hints = extra.get("hints")
    notes = extra.get("notes")
    fault = str(extra.get("fault") or "")
    if not fault and not extra.get("finished", True):
        fault = "Grading did not come to its end."
    top = extra.get("max_score")
    return Row(
        name=path.parent.name,
        link=quote(os.path.relpath(feedback, page)) if feedback.is_file() else "",
        problem_set=str(extra.get("problem_set", "")),
        title=str(extra.get("title") or extra.get("problem_set") or "Results"),
        score=sum(t["score"] for t in tests.values()),
        max_score=top if _number(top) else sum(t["max_score"] for t in tests.values()),
        fault=fault,
        problem=str(extra.get("problem") or ""),
        notes=[str(n) for n in notes] if isinstance(notes, list) else [],
        tests=tests,
        hints=hints if isinstance(hints, dict) else {},
        scores={id: t["score"] for id, t in tests.items()},
        faults={id for id, t in tests.items() if t["extra_data"].get("fault")},
    )


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise ValueError(f"results.json {otherwise}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(v, kind) for v in values)


def _figures(rows: list[Row]) -> dict[str, Any]:
    """All that the class page shows of its rows."""
    graded = [r for r in rows if r.counts]
    totals = [r.score for r in graded]
    max_score = max((r.max_score for r in rows), default=0.0)
    sets = sorted({r.problem_set for r in rows})
    first = {id: test for r in reversed(rows) for id, test in r.tests.items()}
    titles = {id: str(test.get("name", id)) for id, test in first.items()}
    order = [id for r in rows[:1] for id in r.tests]
    order += [id for id in first if id not in order]
    return {
        "title": rows[0].title if len(sets) == 1 else "Results",
        "mixed": sets if len(sets) > 1 else [],
        "rows": rows,
        "graded": graded,
        "unreadable": sum(bool(r.problem) and not r.fault for r in rows),
        "faults": sum(bool(r.fault) for r in rows),
        "mean": statistics.fmean(totals) if totals else 0.0,
        "median": statistics.median(totals) if totals else 0.0,
        "max_score": max_score,
        "bins": histogram(totals, max_score),
        "questions": [_distribution(id, titles[id], graded, first[id]) for id in order],
        "unverified": _unverified(graded, titles),
        "mistakes": _mistakes(graded, titles),
        "failed": _failed(graded, titles),
    }


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


def _unverified(graded: Iterable[Row], titles: dict[str, str]) -> list[dict[str, Any]]:
    """The submissions with accuracies that no model reaches which was handed in."""
    found = []
    for row in graded:
        told = {id: t["extra_data"].get("verified") for id, t in row.tests.items()}
        if open := [titles[id] for id, verified in told.items() if verified is False]:
            found.append({"name": row.name, "link": row.link, "questions": ", ".join(open)})
    return found


def _mistakes(graded: Iterable[Row], titles: dict[str, str]) -> list[dict[str, Any]]:
    count: Counter[tuple[str, str]] = Counter()
    hints: dict[str, str] = {}
    for row in graded:
        hints |= {k: str(v) for k, v in row.hints.items()}
        for id, test in row.tests.items():
            told = test["extra_data"]
            several = told.get("mistakes")
            for mistake in several if isinstance(several, list) else [told.get("mistake")]:
                count[id, str(mistake)] += bool(mistake)
    return [
        {"question": titles[id], "id": mistake, "count": n, "hint": hints.get(mistake, "")}
        for (id, mistake), n in count.most_common(MOST_COMMON)
        if n
    ]


def _failed(graded: Iterable[Row], titles: dict[str, str]) -> list[dict[str, Any]]:
    count = Counter(
        (id, str(check.get("name", "")))
        for row in graded
        for id, test in row.tests.items()
        for check in test["extra_data"]["checks"]
        if not check.get("passed")
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
