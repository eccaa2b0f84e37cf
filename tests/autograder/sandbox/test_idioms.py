"""What public notebooks lean on goes through beside an answer, and with the right values."""

import textwrap
from pathlib import Path

from idioms import FILES, GPU, LIBRARIES

from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job, Limits, Run

PROBES = "def look(ns):\n    return {'value': ns.f()}"
IMPORTS = """
import bz2, csv, glob, gzip, io, json, logging, lzma, os, pickle, shutil, tarfile, tempfile, zipfile
from pathlib import Path
import matplotlib.pyplot as plt
TRIED = []
"""
ALL = """
def f():
    failed = []
    for number, tried in enumerate(TRIED):
        try:
            tried()
        except BaseException as error:
            failed.append(f"{number}: {type(error).__name__}: {error}")
    return failed
"""


def idioms(table: str, before: str = "") -> str:
    """An answer that tries each block of a table."""
    bodies = [textwrap.indent(block, "    ") for block in table.strip().split("\n\n")]
    tried = [f"def tried():\n{body}\nTRIED.append(tried)\n" for body in bodies]
    return "\n".join([IMPORTS, before, *tried, ALL])


def run(sandbox: Sandbox, answer: str) -> Run:
    shown = (Call("look", {}),)
    return sandbox.run(Job(answer, ("f",), PROBES, shown, in_public=shown), Limits(cpu=60))


def failures(done: Run, table: str) -> list[str]:
    """Each block that failed, and how."""
    assert not done.end and not done.troubles
    (outcome,) = done.in_public
    assert isinstance(outcome, dict), outcome
    blocks = table.strip().split("\n\n")
    return [f"{said}\n{blocks[int(said.split(':')[0])]}" for said in outcome["value"]]


def test_what_is_done_with_a_gpu(sandbox: Sandbox) -> None:
    done = run(sandbox, idioms(GPU))
    assert "\n\n".join(failures(done, GPU)) == ""
    assert done.on_gpu and not done.elsewhere


def test_what_is_done_with_files_elsewhere(sandbox: Sandbox, tmp_path: Path) -> None:
    drive = f"D = {str(tmp_path / 'MyDrive')!r}\nd = Path(D)\nos.makedirs(D)"
    done = run(sandbox, idioms(FILES, drive))
    assert "\n\n".join(failures(done, FILES)) == ""
    assert done.elsewhere and not list(tmp_path.iterdir())


def test_what_is_done_with_what_shows_and_logs(sandbox: Sandbox) -> None:
    done = run(sandbox, idioms(LIBRARIES))
    assert "\n\n".join(failures(done, LIBRARIES)) == ""
    assert not done.elsewhere
