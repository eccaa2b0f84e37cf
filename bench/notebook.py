"""The code of the solution notebooks, for measuring it outside of them."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from autograder.parts.declare import load_part
from autograder.parts.numbers import filled
from autograder.paths import ROOT

CHOSEN = {"text_encoder": "frozen", "autoencoder": "before"}


def cells(parts: Collection[str]) -> Iterator[tuple[str, str]]:
    """The code cells of several parts, what they share once, with the first value of an option."""
    seen = set()
    for part in parts:
        declared = load_part(part)
        numbers = {name: number.default for name, number in declared.all_numbers.items()}
        values = declared.values({**numbers, **CHOSEN})
        notebook = json.loads((ROOT / "solutions" / f"{part}.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            tags = cell["metadata"].get("tags", [])
            wanted = all(CHOSEN[t.split("=")[0]] == t.split("=")[1] for t in tags if "=" in t)
            if cell["cell_type"] != "code" or not wanted or cell["id"] in seen or "hand-in" in tags:
                continue
            seen.add(cell["id"])
            yield cell["id"], filled("".join(cell["source"]), values)


def defined(
    parts: Collection[str], ids: Collection[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The names of a notebook after only the cells with these ids; some are given before."""
    names: dict[str, Any] = {"__name__": "notebook", **given}
    found = {id: source for id, source in cells(parts) if id in ids}
    if missing := set(ids) - set(found):
        raise LookupError(f"no cell is called {', '.join(sorted(missing))}")
    for id, source in found.items():
        exec(compile(source, f"<{id}>", "exec"), names)
    return names
