"""The audits of all parts, with every value of their options: the test of all checks and hints."""

from collections import Counter

from shipped import COURSE

from autograder.authoring.audit import audit, failures, option_values
from autograder.grading.mistakes import Patch, load_patches
from autograder.model import ProblemSet
from autograder.parts.declare import load_part

AUDITED = {
    "autoencoder": ("ps_autoencoder", "autoencoder"),
    "cmc": ("ps_cmc", "cmc"),
    "clip": ("ps_clip", "clip"),
    "trainable": ("ps_clip[text_encoder=trainable]", None),
    "transfer": ("ps_transfer", "transfer"),
}
"""By the name of its test file: a problem set, and the part of it, if any, audited in full."""


def problem_sets() -> dict[str, ProblemSet]:
    """Every problem set of the course, with every value of its options, by name."""
    tables = (option_values(COURSE.problem_set(id), COURSE) for id in COURSE.ids)
    return {name: ps for table in tables for name, ps in table.items()}


def wrong_rows(name: str) -> list[str]:
    """What is not as it must be in a problem set's table, which is in full for one part at most."""
    ps_name, part = AUDITED[name]
    ps = problem_sets()[ps_name]
    table = audit(ps, COURSE, [p for p in ps.parts if p != part])
    left_out = [
        f"{kind} has no row {patch.id}"
        for kind, known in _known(part, ps).items()
        for patch in known
        if patch.id not in [row["id"] for row in table[kind]]
    ]
    asked = {q.id for q in ps.questions} - {row["question"] for row in table["mistakes"]}
    top = sum(q.points for q in ps.questions)
    maximum = [] if table["reference"]["max"] == top else [f"the maximum is not {top:g}"]
    return [*failures(table), *left_out, *(f"no mistake of {id}" for id in asked), *maximum]


def _known(part: str | None, ps: ProblemSet) -> dict[str, list[Patch]]:
    """The rows of a part; without one, those that an option's value adds."""
    parts = [load_part(name) for name in ([part] if part else ps.parts)]
    found = [load_patches(p).fitting(p.values(ps.options)) for p in parts]
    return {
        "mistakes": [p for f in found for p in f.mistakes if part or p.when],
        "variants": [p for f in found for p in f.variants if part or p.when],
    }


def missing_patches(part: str) -> list[str]:
    """The questions of a part without a mistake or a variant, ids that stand twice, and numbers
    that are too small."""
    patches = load_patches(load_part(part))
    counts = {"mistakes": (patches.mistakes, 20), "variants": (patches.variants, 10)}
    found = [f"too few {kind}" for kind, (known, least) in counts.items() if len(known) < least]
    for question in load_part(part).questions:
        for kind, (known, _) in counts.items():
            if question.id not in [p.question for p in known]:
                found.append(f"no {kind} of {question.id}")
    ids = Counter(p.id for p in [*patches.mistakes, *patches.variants])
    return [*found, *(f"{id} is there twice" for id, count in ids.items() if count > 1)]
