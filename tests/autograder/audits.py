"""The audit of a part: the test of all its checks and hints."""

from collections import Counter
from typing import Any

from shipped import COURSE

from autograder.authoring.audit import audit, failures, option_values
from autograder.grading.mistakes import load_patches
from autograder.parts.declare import load_part


def audited(ps_id: str, part: str, option: str = "") -> dict[str, Any]:
    """The table of a problem set, every row as it must be; in full for this part alone."""
    name = f"{ps_id}[{option}]" if option else ps_id
    ps = option_values(COURSE.problem_set(ps_id), COURSE)[name]
    table = audit(ps, COURSE, [p for p in ps.parts if p != part])
    assert failures(table) == []
    assert list(table) == ["reference", "blank", "mistakes", "variants"]
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
