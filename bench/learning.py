"""What the reference learns: a problem set's solution notebook, executed with several seeds.

    .venv/bin/python -m bench.learning ps_cmc --seeds 3

Every seed in a cell that is not a test is replaced, and that of the small pretrained CLIP, where
there is one. The notebook runs from top to bottom, and a table shows the accuracies that it
recorded, what it printed of a last epoch, a precision or a modality gap, and the seconds of its
slowest cells. A seed that was run before with the same code comes out of the cache.
"""

import argparse
import re
import statistics
from collections.abc import Iterator
from typing import get_args

import nbformat
from nbformat import NotebookNode

from autograder.authoring.compose import composed
from autograder.authoring.execute import execute
from autograder.course.table import Course, Profile
from helpers.handing.claims import shown_results
from helpers.reading.cells import cells_of, outputs

CLOCK = """
import time

def _start(info):
    global _started
    _started = time.perf_counter()

def _stop(result):
    if result.info.store_history:  # what is run aside prints what is read
        print(f"took {time.perf_counter() - _started:.1f} s")

get_ipython().events.register("pre_run_cell", _start)
get_ipython().events.register("post_run_cell", _stop)
_start(None)
"""
PRETRAINED = """
import dataclasses
import os

from helpers.learning import mini_clip

mini_clip.CLIP = dataclasses.replace(mini_clip.CLIP, seed={seed})
os.environ["HELPERS_DATA"] += "-{seed}"
"""
SLOW = 15


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.learning", description=__doc__)
    parser.add_argument("problem_set")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 (default: 3)")
    parser.add_argument("--profile", choices=get_args(Profile), default="mini")
    args = parser.parse_args()
    course = Course()
    ps = course.problem_set(args.problem_set)
    rules = {id: rule for part in course.parts(ps) for id, rule in part.reports.items()}
    accuracies: dict[str, list[float]] = {}
    for seed in range(args.seeds):
        notebook = nbformat.reads(composed(ps, course), as_version=4)
        reseed(notebook, seed)
        ran = execute(notebook, f"{ps.id}-{seed}", args.profile, rules=rules)
        print(f"seed {seed}")
        for line in told(ran):
            print("  " + line)
        for result in shown_results(outputs(cells_of(ran))).values():
            accuracies.setdefault(result.name, []).append(result.accuracy)
    width = max(map(len, accuracies))
    print(f"\n{'accuracy':{width}}  " + "  ".join(f"{s:5}" for s in range(args.seeds)) + "   mean")
    for name, values in accuracies.items():
        row = "  ".join(f"{v:.3f}" for v in values)
        print(f"{name:{width}}  {row}  {statistics.mean(values):.3f}")


def reseed(notebook: NotebookNode, seed: int) -> None:
    """Another seed in every cell but the tests, and a clock in front of all cells.

    Another small CLIP lies in a data folder of its own.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.id.startswith("test_"):
            cell.source = re.sub(r"\b(seed=|manual_seed\()0\b", rf"\g<1>{seed}", cell.source)
    first = CLOCK
    if seed and any("pretrained_clip" in cell.source for cell in notebook.cells):
        first += PRETRAINED.format(seed=seed)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first, id="clock"))


def told(notebook: NotebookNode) -> Iterator[str]:
    """The lines that tell of an epoch, a precision or a gap, and how long the slow cells took."""
    for cell in notebook.cells:
        text = "\n".join(o.text for o in cell.get("outputs", ()) if "text" in o)
        yield from re.findall(r"^(?:last epoch|precision at|.*modality gap).*", text, re.M)
        for seconds in re.findall(r"^took ([\d.]+) s$", text, re.M):
            if float(seconds) >= SLOW:
                yield f"{cell.id}: {seconds} s"


if __name__ == "__main__":
    main()
