"""Files that mean harm: what was handed in, the points of five that it earns, and a word of why."""

import hashlib
import io
import pickle
import struct
import zipfile
from typing import Any

import numpy as np
from handed_in import PS, archive, cell, code, data, right
from safetensors.numpy import save

from helpers.notebook import RESULT

GOOD = data(right())


def patched(made: bytes, local: int, central: int, value: bytes) -> bytes:
    """A zip of one member with other bytes in its two headers."""
    result = bytearray(made)
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = made.index(mark) + offset
        result[at : at + len(value)] = value
    return bytes(result)


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.ipynb")
    info.external_attr = 0o120777 << 16
    return info


def squeezed(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("a.ipynb", GOOD)
    return file.getvalue()


ONE = archive(("a.ipynb", GOOD))
ENCRYPTED = patched(ONE, 6, 8, b"\x01")
CLAIMS_LITTLE = patched(ONE, 22, 24, struct.pack("<I", 100))
CLAIMS_MUCH = patched(ONE, 22, 24, struct.pack("<I", 3 << 30))

ARCHIVES: dict[str, tuple[bytes, float, str]] = {
    "a link": (archive((link(), b"/etc/passwd")), 0, "holds no notebook"),
    "encrypted": (ENCRYPTED, 0, "is encrypted"),
    "claims to hold little": (CLAIMS_LITTLE, 0, "is a damaged zip archive"),
    "claims to hold much": (CLAIMS_MUCH, 0, "too large"),
    "cut": (ONE[: len(ONE) // 2], 0, "is a damaged zip archive"),
    "a bomb": (archive(("a.ipynb", b" " * (101 << 20))), 0, "too large"),
    "a bomb beside": (archive((f"{PS}.ipynb", GOOD), ("x", b" " * (101 << 20))), 5, ""),
    "others beside": (
        archive((f"{PS}.ipynb", GOOD), ("a.ipynb", b" " * (101 << 20)), ("b.ipynb", b"")), 5, ""),
    "ten thousand": (archive(*((f"{i}.txt", b"") for i in range(10_001))), 0, "10,001 files"),
    "a zip in it": (archive(("b.zip", ONE)), 5, ""),
    "zips without end": (archive(("a.zip", archive(("b.zip", ONE)))), 0, "holds no notebook"),
    "a bomb in it": (
        archive(("b.zip", archive(("a.ipynb", b" " * (101 << 20))))), 0, "too large"),
    "a crowd in it": (
        archive(("b.zip", archive(*((f"{i}.t", b"") for i in range(10_001))))), 0, "10,001 files"),
    "a name that climbs": (archive(("../../x.ipynb", GOOD)), 0, "holds no notebook"),
    "climbs beside": (archive((f"{PS}.ipynb", GOOD), ("../../etc/x.pdf", b"%PDF")), 5, ""),
    "an absolute name": (archive(("/etc/x.ipynb", GOOD)), 5, ""),
    "of another kind": (squeezed(zipfile.ZIP_BZIP2), 0, "is compressed in an unusual way"),
    "names of control signs": (
        archive(("\x1b[31m\n.ipynb", GOOD), ("b.ipynb", GOOD)), 0, "several notebooks"),
}  # fmt: skip

NAMES = {
    "grades.csv": "grades.csv-2",
    "index.html": "index.html-2",
    "results.json": "results.json",
    "=HYPERLINK(1)": "=HYPERLINK(1)",
    "a;=HYPERLINK(1)": "a;=HYPERLINK(1)",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "\x1b[31mred\x07": "_[31mred_",
    "\u202egnp": "_gnp",
    "--help": "--help",
}
"""The stem of a notebook with a mistake, and the name it is graded under."""


def with_model(model: bytes) -> bytes:
    """A hand-in with these bytes behind one of its results."""
    notebook = right()
    for c in notebook["cells"]:
        for output in c.get("outputs") or []:
            if (result := output.get("data", {}).get(RESULT)) and result["name"] == "random":
                result["model"] = hashlib.sha256(model).hexdigest()
    return archive((f"{PS}.ipynb", data(notebook)), ("random.safetensors", model))


class Acts:
    """Unpickling it would leave a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("open('/tmp/hostile-was-here', 'w').close()",)


def header(text: str, size: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if size is None else size) + text.encode()


CLAIM = '{"dtype":"F32","shape":[%s],"data_offsets":[0,%s]}'
MODELS: dict[str, bytes] = {
    "a pickle that acts": pickle.dumps(Acts()),
    "claims 10^11 numbers": header('{"a":' + CLAIM % (10**11, 4 * 10**11) + "}"),
    "a header of 10^18 bytes": header("{}", 10**18),
    "a deep header": header('{"a":' * 100_000),
    "offsets that overlap": header('{"a":' + CLAIM % (1, 4) + ',"b":' + CLAIM % (1, 4) + "}")
    + bytes(4),
    "not a number": save({"encoder/000/a": np.array([np.nan], np.float32)}),
    "another type": save({"encoder/000/a": np.zeros(3, np.float64)}),
    "too many": save({f"encoder/{i:03}/a": np.zeros(1, np.float32) for i in range(201)}),
    "other shapes": save({"encoder/000/a": np.zeros((3, 3), np.float32)}),
    "a wide classifier": save({"classifier/000/weight": np.zeros((10, 10**5), np.float32)}),
}


def changed(**more: Any) -> bytes:
    return data({**right(), **more})


def with_cells(*cells: Any) -> bytes:
    notebook = right()
    return data({**notebook, "cells": [*cells, *notebook["cells"]]})


def answered(source: Any, id: str = "encoder") -> bytes:
    notebook = right()
    cell(notebook, id)["source"] = source
    return data(notebook)


def unmarked(*more: Any) -> bytes:
    """Without the encoder's mark, so that all cells are searched for it."""
    notebook = right()
    cell(notebook, "encoder").update(source="x = 1", metadata={})
    notebook["cells"] += more
    return data(notebook)


def result(accuracy: Any) -> Any:
    return {"data": {RESULT: {"name": "supervised", "accuracy": accuracy, "profile": "mini"}}}


ELIF = "elif a:\n  b = 1\n"
ENDLESS = (
    "# Question: report_autoencoder\nsupervised_flags = {}\n"
    "results_autoencoder = {'unsupervised': 1" + "0" * 400 + "}"
)


DEEP = b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
HUGE_NUMBER = GOOD.replace(b'"nbformat": 4', b'"nbformat": 1' + b"0" * 5000)
LONG = "# Question: encoder\nclass Encoder:\n" + "    x = 1\n" * 100_000
NESTED = "# Question: encoder\nEncoder = " + "(" * 10_000 + ")" * 10_000
SLOW = "# Question: encoder\n" + "class Encoder" * 30_000

NOTEBOOKS: dict[str, tuple[bytes, float, str]] = {
    "empty": (b"", 0, "is empty"),
    "null": (b"null", 0, "is null"),
    "a list": (b"[]", 0, "is a list"),
    "no cells": (b"{}", 0, "no cell"),
    "cells of null": (changed(cells=None), 0, "no cell"),
    "deep": (DEEP, 0, "nested too deeply"),
    "cut": (GOOD[:-200], 0, "not valid JSON"),
    "a zip by another name": (ONE, 0, "is a zip archive"),
    "bytes": (bytes(range(256)) * 100, 0, "not valid JSON"),
    "a huge number": (HUGE_NUMBER, 0, "out of bounds"),
    "half a letter": (answered("# Question: encoder\nEncoder = '\udc00'"), 4, ""),
    "NUL": (answered("# Question: encoder\nclass Encoder:\0 pass"), 4, ""),
    "cells of anything": (with_cells(None, 1, "x", [], {}, {"cell_type": {}, "source": 7}), 5, ""),
    "outputs of anything": (with_cells(code("x = 1", outputs=[None, 1, {"data": []}])), 5, ""),
    "nine thousand cells": (with_cells(*[code("")] * 9_000), 5, ""),
    "a hundred thousand cells": (with_cells(*[code("")] * 100_000), 0, "too many to read"),
    "a million parts": (b'{"cells": [' + b'{"":0},' * 10**6 + b"{}]}", 0, "a million parts"),
    "much code": (with_cells(*[code("0;" * 40_000)] * 20), 0, "too many to read"),
    "empty lines": (unmarked(code("\n" * 90_000 + "y = 1")), 4, ""),
    "pieces": (with_cells(code("def f():\n x = 1"), *[code(" x = 1")] * 5000), 5, ""),
    "many branches": (with_cells(code("if a:\n  b = 1\n" + ELIF * 1500)), 5, ""),
    "an endless accuracy": (with_cells(code("", outputs=[result(10**400)])), 5, ""),
    "an endless number": (answered(ENDLESS, "report_autoencoder"), 4.3333, "no number"),
    "no name": (changed(metadata={"course": {"problem_set": "\ud800"}}), 0, "the notebook of"),
    "a name of control signs": (
        changed(metadata={"course": {"problem_set": "\x1b]0;PWNED\x07\x1b[2Jx\u202e"}}), 0,
        "the notebook of x"),
    "a long answer": (answered(LONG), 4, "too many to grade"),
    "a nested answer": (answered(NESTED), 4, ""),
    "an answer to slow a reader": (answered(SLOW), 4, ""),
}  # fmt: skip

SHORT_TEXTS = b'{"cells": [], "x": ["\xf0\x9f\x98\x80", ' + b'"aa",' * 20_000_000 + b'""]}'
CONTINUED = "class Encoder(nn.Module):\n" + "    x = [1, 2, 3, 4, 5, 6, 7, 8]\n" * 2_500
GREEDY: dict[str, tuple[bytes, float, str]] = {
    "short texts": (archive((f"{PS}.ipynb", SHORT_TEXTS)), 0, "clear its"),
}
NOTEBOOKS |= {
    "continuations": (
        with_cells(*[code(s) for _ in range(9) for s in (CONTINUED, *["    y = 1"] * 25)]), 5, ""),
    "a cell of cd": (with_cells(code("!\n" + "cd x\n" * 19_000)), 5, ""),
    "many cells without marks": (
        unmarked(*(code(f"encoder_{i} = Encoder() + {i}\n" * 8) for i in range(1_400))), 4, ""),
    "signs": (with_cells(code("x = " + "-" * 90_000 + "1")), 5, ""),
}  # fmt: skip

WRONG = answered("# Question: encoder\nEncoder = print(1")

CLASS: dict[str, tuple[bytes, str, float, str]] = {
    **{f"zip {n}.zip": (v[0], f"zip {n}", *v[1:]) for n, v in ARCHIVES.items()},
    **{f"{n}.ipynb": (v[0], n, *v[1:]) for n, v in NOTEBOOKS.items()},
    **{f"{n}.zip": (v[0], n, *v[1:]) for n, v in GREEDY.items()},
    **{f"{n}.zip": (with_model(v), n, 5, "behind random was not used") for n, v in MODELS.items()},
    "too large.zip": (with_model(save({"a": np.zeros(2_000_000, np.float32)})), "too large", 5, ""),
    **{f"{stem}.ipynb": (WRONG, name, 4, "SyntaxError") for stem, name in NAMES.items()},
    "a good one.ipynb": (GOOD, "a good one", 5, ""),
    "zz a good one.ipynb": (GOOD, "zz a good one", 5, ""),
}
"""By the name of the file: what is in it, the submission's name, its points, and a word of why."""
