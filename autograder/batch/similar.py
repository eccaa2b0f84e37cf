"""Answers that are more alike than a class's usually are: to look at, never a verdict."""

import io
import itertools
import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import copydetect
from tqdm import tqdm

TOKENS, WINDOW = 25, 6  # copydetect's own defaults
FEWEST = 8  # students, of whom fewer have no distribution
MOST = 20  # pairs
CANDIDATES = 2000  # pairs to be compared in full
FAR_OUT = 3.0  # Tukey's: so many times the middle half's width above it
SAME = 0.95


@dataclass(frozen=True)
class Pair:
    """Two submissions, and the share of the shorter one's code that the other has."""

    share: float
    names: tuple[str, str]


def similar(answers: Mapping[str, str], handed_out: str) -> tuple[list[Pair], float]:
    """The pairs far above the class's own, with the share from which on they are.

    ``answers`` is each one's code, by submission. What was ``handed_out`` does not count. Winnowing
    (Schleimer, Wilkerson & Aiken, SIGMOD 2003), as copydetect does it.
    """
    if len(answers) < FEWEST:
        return [], 1.0
    own = _print("handed out", handed_out, [])
    prints = {
        name: _print(name, source, list(own.hashes))
        for name, source in tqdm(answers.items(), desc="similar", leave=False, delay=2)
    }
    shared = Counter[tuple[str, str]]()
    places: dict[int, list[str]] = {}
    for name, one in prints.items():
        for value in one.hashes:
            places.setdefault(value, []).append(name)
    for names in places.values():
        if len(names) <= max(2, len(answers) // 4):  # what many have tells of nobody
            shared.update(itertools.combinations(sorted(names), 2))
    pairs, best = [], dict.fromkeys(answers, 0.0)
    for a, b in [names for names, _ in shared.most_common(CANDIDATES)]:
        _, shares, _ = copydetect.compare_files(prints[a], prints[b])
        share = float(min(shares))
        pairs.append(Pair(share, (a, b)))
        best[a], best[b] = max(best[a], share), max(best[b], share)
    low, _, high = statistics.quantiles(best.values(), n=4)
    bound = min(SAME, high + FAR_OUT * (high - low))
    chosen = sorted((p for p in pairs if p.share >= max(bound, 0.5)), key=lambda p: -p.share)
    return chosen[:MOST], bound


def _print(name: str, source: str, handed_out: list[int]) -> copydetect.CodeFingerprint:
    return copydetect.CodeFingerprint(
        f"{name}.py", TOKENS, WINDOW, handed_out, language="python", fp=io.StringIO(source)
    )
