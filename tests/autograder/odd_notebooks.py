"""Odd but legal notebooks, made of a right one by a seeded program: each has its full marks."""

import ast
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damage
from damage import Notebook, answers, text
from handed_in import cell, code, grade_id

Change = Callable[[Notebook, random.Random], None]


def some(notebook: Notebook, rng: random.Random) -> list[dict[str, Any]]:
    """Some of the answers' cells, at least one; none of a report, which is read as written."""
    own = [cell(notebook, id) for id in answers(notebook) if not id.startswith("report_")]
    return rng.sample(own, rng.randint(1, len(own)))


def shuffled(notebook: Notebook, rng: random.Random) -> None:
    rng.shuffle(notebook["cells"])


def merged(notebook: Notebook, rng: random.Random) -> None:
    """Answers merged with the cell above or below, be it given or a test."""
    for own in some(notebook, rng):
        at = next(i for i, c in enumerate(notebook["cells"]) if c is own)
        other = at + rng.choice([-1, 1])
        cells = notebook["cells"]
        if not 0 <= other < len(cells) or cells[other]["cell_type"] != "code":
            continue
        if grade_id(cells[other]) in answers(notebook):
            continue
        first, second = sorted((at, other))
        own["source"] = text(cells[first]) + "\n\n" + text(cells[second])
        own["outputs"] = [*cells[first]["outputs"], *cells[second]["outputs"]]
        del cells[other]


def split(notebook: Notebook, rng: random.Random) -> None:
    """Answers split at a statement, or inside of one."""
    for own in some(notebook, rng):
        lines = text(own).split("\n")
        tops = [node.lineno - 1 for node in ast.parse(text(own)).body[1:]]
        inside = [i for i, line in enumerate(lines) if i > 2 and re.match(r"    \w", line)]
        if not (places := tops + inside):
            continue
        at = rng.choice(places)
        index = next(i for i, c in enumerate(notebook["cells"]) if c is own)
        own["source"] = "\n".join(lines[:at])
        notebook["cells"].insert(index + 1, code("\n".join(lines[at:])))


def in_magics(notebook: Notebook, rng: random.Random) -> None:
    for own in some(notebook, rng):
        above = rng.choice(
            ["%%time", "%%capture out", "%%timeit -n 1 -r 1", "%%prun -q", "%%time\n"]
        )
        below = rng.choice(["", "%whos", "!nvidia-smi", "%matplotlib inline", "torch.nn?"])
        own["source"] = f"{above}\n{text(own)}\n{below}"


def in_a_module(notebook: Notebook, rng: random.Random) -> None:
    """Answers written to a file by ``%%writefile``, and imported below."""
    for own in some(notebook, rng):
        name = f"my_{grade_id(own)}"
        index = next(i for i, c in enumerate(notebook["cells"]) if c is own)
        own["source"] = f"%%writefile {name}.py\n{text(own)}"
        notebook["cells"].insert(index + 1, code(f"from {name} import *"))


def indented(notebook: Notebook, rng: random.Random) -> None:
    """A whole cell to the right, as IPython takes it; no text in triple quotes is shifted."""
    for own in some(notebook, rng):
        by = rng.choice(["    ", "  ", "\t"])
        own["source"] = "\n".join(
            by + line if line.strip() else line for line in text(own).split("\n")
        )


def half_indented(notebook: Notebook, rng: random.Random) -> None:
    """Two spaces for four, or tabs."""
    for own in some(notebook, rng):
        unit = rng.choice(["  ", "\t", " "])
        lines = text(own).split("\n")
        levels = [(len(line) - len(line.lstrip(" "))) // 4 for line in lines]
        own["source"] = "\n".join(
            unit * level + line[4 * level :] for level, line in zip(levels, lines, strict=True)
        )


def prompted(notebook: Notebook, rng: random.Random) -> None:
    for own in some(notebook, rng):
        first, *rest = text(own).split("\n")
        if rng.random() < 0.5:
            own["source"] = "\n".join([f">>> {first}", *(f"... {line}" for line in rest)])
        else:
            n = rng.randint(1, 99)
            dots = "   ...: "
            own["source"] = "\n".join([f"In [{n}]: {first}", *(dots + line for line in rest)])


def idle_code(notebook: Notebook, rng: random.Random) -> None:
    """What people leave in and around answers, and does nothing there."""
    for own in some(notebook, rng):
        line = rng.choice([
            "print('done')", "assert True", "# old: return x * 2", "pass", "if False:\n    m = 1",
            "import os, sys, time", "start = time.time() if 'time' in dir() else 0", "'a string'",
            "torch.save({}, '/content/drive/a.pt')", "import wandb; wandb.init(project='x')",
            "clock = torch.cuda.Event(enable_timing=True); clock.record()",
            "from torch.utils.tensorboard import SummaryWriter\nlog = SummaryWriter('/runs')",
            "plt.figure(figsize=(4, 3)); plt.show()", "from tqdm.auto import tqdm",
        ])  # fmt: skip
        own["source"] = f"{text(own)}\n\n{line}\n"
    for _ in range(rng.randint(1, 4)):
        scribble = rng.choice([
            "x = 1 +", "!ls -la", "%debug", "print(encoder)", "1/0", "", "?print",
            "for i in range(10**9): pass", "raise SystemExit",
        ])  # fmt: skip
        notebook["cells"].insert(rng.randrange(len(notebook["cells"])), code(scribble))


def under_a_condition(notebook: Notebook, rng: random.Random) -> None:
    """Answers that need a value which own cells make by calls, loops and methods."""
    for own in some(notebook, rng):
        lines = text(own).split("\n")
        shifted = "\n".join("    " + line if line.strip() else line for line in lines[1:])
        own["source"] = f"{lines[0]}\nif sum(sizes) == 36:\n{shifted}"
    makes = rng.choice([
        ["sizes = []", "for n in (12, 24):\n    sizes.append(n)"],
        ["def make(n):\n    return [n, 2 * n]", "sizes = make(12)"],
        ["sizes = {}\nsizes[12] = 'a'", "sizes.update({24: 'b'})\nprint(sizes)"],
        ["import json\nsizes = json.loads('[12, 24]')"],
    ])  # fmt: skip
    notebook["cells"][:0] = [code(source) for source in makes]


def of_a_platform(notebook: Notebook, rng: random.Random) -> None:
    change = rng.choice(["Colab", "VS Code", "metadata stripped", "nbformat 4.2"])
    damage.DAMAGE[change](notebook)


CHANGES: dict[str, Change] = {
    f.__name__: f
    for f in (
        under_a_condition, split, merged, half_indented, idle_code, in_a_module, indented, prompted,
        in_magics, shuffled, of_a_platform,
    )
}  # fmt: skip
"""In an order in which each still finds what it changes."""

ALONE = {"in_a_module", "indented", "prompted", "in_magics", "split"}
"""Of these, one at a time: together they make what IPython does not take either."""
ORDERED = {"split", "under_a_condition"}
"""What nobody could put together again from cells in any order."""


def in_cp1252(notebook: Notebook) -> bytes:
    made = bytearray()
    for sign in json.dumps(notebook, ensure_ascii=False):
        try:
            made += sign.encode("cp1252")
        except UnicodeEncodeError:
            made += json.dumps(sign)[1:-1].encode()
    return bytes(made)


def seeded(change: Change) -> Callable[[Notebook], None]:
    """A change that is always the same one, as those of ``damage.DAMAGE``."""
    return lambda notebook: change(notebook, random.Random(7))


DAMAGE = {**damage.DAMAGE, **{name.replace("_", " "): seeded(c) for name, c in CHANGES.items()}}

WAYS: dict[str, Callable[[Notebook], bytes]] = {
    **damage.ENCODINGS,
    "cp1252": in_cp1252,
    "UTF-16 without a mark": lambda n: json.dumps(n).encode("utf-16-be"),
    "UTF-32": lambda n: json.dumps(n, indent=2).encode("utf-32"),
    "keys sorted": lambda n: json.dumps(n, sort_keys=True, indent=4).encode(),
    "text after its end": lambda n: json.dumps(n, indent=1).encode() + b"\n}\n<<end>>",
    "text before it": lambda n: b"Content-Type: text/plain\n\n" + json.dumps(n).encode(),
}


def written(folder: Path, data: bytes, ps_id: str, rng: random.Random) -> None:
    """Write the file into ``folder`` as a platform or a browser would name and pack it."""
    names = [
        f"{ps_id}.ipynb", f"Copy of {ps_id}.ipynb", f"{ps_id}-Copy1.ipynb", f"{ps_id} (1).ipynb",
        f"{ps_id}.ipynb.txt", f"Kopie von {ps_id}.IPYNB", f"doejane_LATE_1_67_{ps_id}-1.ipynb",
        f"jane/{ps_id}/{ps_id}.ipynb", f"Jane Doe_4711_assignsubmission_file_/{ps_id}.ipynb",
        "zip:hand in.zip", f"zip:submission_123/{ps_id}.zip",
    ]  # fmt: skip
    name = rng.choice(names)
    path = folder / name.removeprefix("zip:")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not name.startswith("zip:"):
        path.write_bytes(data)
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        inside = rng.choice([f"{ps_id}.ipynb", f"My Drive/{ps_id}.ipynb", "Untitled3.ipynb"])
        archive.writestr(inside, data)
        archive.writestr("__MACOSX/._x.ipynb", b"\0\5\26\7")
        archive.writestr("receipt.json", b"{}")


def odd(notebook: Notebook, folder: Path, seed: int) -> str:
    """Change a right notebook, and write it below ``folder``; what was done to it."""
    rng = random.Random(seed)
    ps_id = notebook["metadata"]["course"]["problem_set"]
    chosen = set(rng.sample(sorted(CHANGES), rng.randint(2, 5)))
    for extra in sorted(chosen & ALONE)[1:]:
        chosen.discard(extra)
    if chosen & ORDERED:
        chosen.discard("shuffled")
    done = [name for name in CHANGES if name in chosen]
    for name in done:
        CHANGES[name](notebook, rng)
    way = rng.choice(sorted(WAYS))
    written(folder, WAYS[way](notebook), ps_id, rng)
    return f"{', '.join(done)}; {way}; {[str(p.relative_to(folder)) for p in folder.rglob('*.*')]}"
