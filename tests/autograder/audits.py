"""The audits of all parts, with every value of their options: the test of all checks and hints."""

from collections import Counter
from typing import Any

from shipped import COURSE

from autograder.authoring.audit import audit, failures, option_values
from autograder.grading.mistakes import load_patches
from autograder.model import ProblemSet
from autograder.parts.declare import load_part

AUDITED = {
    "autoencoder": ("ps_autoencoder", "autoencoder"),
    "cmc": ("ps_cmc", "cmc"),
    "clip": ("ps_clip", "clip"),
    "trainable": ("ps_clip[text_encoder=trainable]", "clip"),
    "transfer": ("ps_transfer", "transfer"),
}
"""By the name of its test file: a problem set, and the part of it that is audited in full."""


def problem_sets() -> dict[str, ProblemSet]:
    """Every problem set of the course, with every value of its options, by name."""
    tables = (option_values(COURSE.problem_set(id), COURSE) for id in COURSE.ids)
    return {name: ps for table in tables for name, ps in table.items()}


def audited(name: str) -> dict[str, Any]:
    """The table of a problem set, every row as it must be; in full for one part alone."""
    ps_name, part = AUDITED[name]
    ps = problem_sets()[ps_name]
    table = audit(ps, COURSE, [p for p in ps.parts if p != part])
    assert failures(table) == []
    assert list(table) == ["reference", "blank", "mistakes", "variants", "public"]
    assert table["reference"]["max"] == sum(q.points for q in ps.questions)
    patches = load_patches(load_part(part)).fitting(ps.options)
    assert {p.id for p in patches.mistakes} <= {row["id"] for row in table["mistakes"]}
    assert [p.id for p in patches.variants] == [row["id"] for row in table["variants"]]
    assert {row["question"] for row in table["mistakes"]} == {q.id for q in ps.questions}
    return table


def enough_patches(part: str) -> None:
    """Every question of a part has a mistake and a variant, under ids of their own."""
    patches = load_patches(load_part(part))
    ids = {q.id for q in load_part(part).questions}
    both = [*patches.mistakes, *patches.variants]
    assert {p.question for p in patches.mistakes} == {p.question for p in patches.variants} == ids
    assert max(Counter(p.id for p in both).values()) == 1
    assert len(patches.mistakes) >= 20 and len(patches.variants) >= 10
