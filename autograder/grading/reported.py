"""Report questions: literals against what the notebook itself printed. Nothing is run."""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.model import CheckResult
from autograder.parts.declare import ReportRule
from autograder.reading.magics import tree
from helpers.handing.claims import ROUNDING, is_number, literals

NOT_RUN = "not run"


def grade(
    rule: ReportRule, source: str, records: Sequence[Mapping[str, Any]], profiles: Sequence[str]
) -> tuple[list[CheckResult], list[Any]]:
    """Check the claims in ``source`` against ``records``: results, and what was seen in each.

    What was seen is plain data that two submissions share when they made the same mistake.
    """
    names = [f"`{name}` is right" for name in rule.facts]
    names += [
        f"`{rule.results}` holds the accuracies that the notebook printed",
        "The accuracies are in the order and range that this experiment gives",
    ]
    recorded = {r["name"]: r for r in records if r["name"] in rule.keys}
    if problem := _not_run(rule, recorded, profiles):
        return [CheckResult(n, False, message=problem) for n in names], [NOT_RUN] * len(names)
    claims = literals(tree(source))
    accuracy = {k: float(r["accuracy"]) for k, r in recorded.items()}
    profile = next(iter(recorded.values()))["profile"]
    findings = [_fact(name, right, claims) for name, right in rule.facts.items()]
    findings += [_claims(rule, claims, accuracy), _order(rule, accuracy, profile)]
    checks = [
        CheckResult(n, not message, message=message)
        for n, (message, _) in zip(names, findings, strict=True)
    ]
    if literals_missing := [n for n in rule.names if n not in claims]:
        # an untouched cell earns nothing for an experiment that the notebook ran by itself
        said = f"The answer does not assign {' and '.join(f'`{n}`' for n in literals_missing)}."
        checks[-1] = CheckResult(names[-1], False, message=said)
    return checks, [seen for _, seen in findings]


def fill(rule: ReportRule, source: str, records: Sequence[Mapping[str, Any]]) -> str:
    """``source`` with the recorded numbers in its results dict, as a student would write them."""
    accuracy = {r["name"]: r["accuracy"] for r in records}
    lines = source.splitlines(keepends=True)
    spots = []
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys, values=values)):
                if name == rule.results:
                    spots += list(zip(keys, values, strict=True))
    for key, value in reversed(spots):
        if isinstance(key, ast.Constant) and key.value in accuracy:
            line = lines[value.lineno - 1].encode()
            number = f"{accuracy[key.value]:.4f}".encode()
            line = line[: value.col_offset] + number + line[value.end_col_offset :]
            lines[value.lineno - 1] = line.decode()
    return "".join(lines)


def _not_run(rule: ReportRule, recorded: Mapping[str, Any], profiles: Sequence[str]) -> str:
    if missing := [k for k in rule.keys if k not in recorded]:
        return (
            f"The notebook shows no result for {', '.join(missing)}: run all its cells, "
            "save it, and hand it in with its outputs."
        )
    used = sorted({r["profile"] for r in recorded.values()})
    if len(used) > 1:
        return (
            f"The results come from different profiles ({', '.join(used)}): "
            "run the whole notebook once, from top to bottom."
        )
    if used[0] not in profiles:
        return (
            f"The notebook ran in the {used[0]} profile; this problem set takes "
            f"{' or '.join(profiles)}."
        )
    return ""


def _fact(name: str, right: Mapping[str, Any], claims: Mapping[str, Any]) -> tuple[str, Any]:
    claim = claims.get(name)
    if not isinstance(claim, dict):
        return f"`{name}` is not a dict of plain values.", "missing"
    wrong = [k for k in right if k not in claim or claim[k] is not right[k]]
    return (f"`{name}` is not right for {', '.join(wrong)}." if wrong else "", wrong)


def _claims(
    rule: ReportRule, claims: Mapping[str, Any], accuracy: Mapping[str, float]
) -> tuple[str, Any]:
    claim = claims.get(rule.results)
    if not isinstance(claim, dict):
        return f"`{rule.results}` is not a dict of numbers.", "missing"
    for key in rule.keys:
        value = claim.get(key)
        if not is_number(value):
            return f"`{rule.results}` has no number for {key!r}.", [key, "no number"]
    wrong = [k for k in rule.keys if not abs(claim[k] - accuracy[k]) <= ROUNDING]
    if not wrong:
        return "", []
    if all(abs(claim[k] / 100 - accuracy[k]) <= ROUNDING for k in wrong):
        return "Write the accuracies as shares between 0 and 1, not in percent.", "percent"
    swapped = [
        [k, other]
        for k in wrong
        for other in rule.keys
        if other != k and abs(claim[k] - accuracy[other]) <= ROUNDING
    ]
    return (
        f"`{rule.results}` differs from what the notebook printed for {', '.join(wrong)}.",
        ["swapped", swapped] if len(swapped) == len(wrong) else ["differ", wrong],
    )


def _order(rule: ReportRule, accuracy: Mapping[str, float], profile: str) -> tuple[str, Any]:
    for key, (low, high) in rule.ranges.get(profile, {}).items():
        if not low <= accuracy[key] <= high:
            return (
                f"The notebook's accuracy for {key} is outside of what this experiment gives in "
                f"the {profile} profile: look at the training above it.",
                ["range", key],
            )
    for better, worse in rule.orderings:
        if not accuracy[better] > accuracy[worse]:
            return (
                f"In the notebook, {better} is not better than {worse}, as it should be: "
                "look at how the two were trained.",
                ["order", better, worse],
            )
    return "", []
