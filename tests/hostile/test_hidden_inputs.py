"""Answers that try to tell of hidden inputs: their students read the same, whatever the secret."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from handed_in import OWN_USERS, PS, cell, right
from shipped import COURSE

from autograder.authoring.audit import RememberingSandbox, composed_basis
from autograder.course.table import Course
from autograder.grading.grade import Grader
from autograder.model import Budget
from autograder.reading.answers import read_notebook
from autograder.results.files import results
from autograder.sandbox import client

pytestmark = pytest.mark.slow

SECRETS = (b"the secret of one term", b"and that of another")

ENCODER = """
import ctypes, os, sys, time
SEEN = []
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.encoder = nn.Linear(1, 1)

    def forward(self, x):
        bits = int(x.double().abs().sum() * 1e6) % 64
        SEEN.append(bits)
{spy}
        return x
"""

SPIES = {
    "prints": "print('saw', bits, SEEN)",
    "prints through a descriptor": "for fd in (1, 2): os.write(fd, str(bits).encode())",
    "says it in an error": "raise ValueError(f'saw {bits}')",
    "names an error for it": "raise type(f'Saw{bits}', (Exception,), {})()",
    "fails in a line for it": "\n".join(f"if bits == {i}: raise ValueError" for i in range(64)),
    "answers in a shape for it": "return torch.zeros(bits + 1, 2)",
    "is wrong in a way for it": "if len(SEEN) > 4: return [torch.zeros(3, 3), torch.full((2,), "
    "torch.nan), torch.full((2, 2), torch.inf), torch.zeros(0)][bits % 4]",
    "ends in a way for it": "if len(SEEN) > 4: os._exit(1) if bits % 2 else ctypes.string_at(0)",
    "takes long for it": "if len(SEEN) > 4: os._exit(1) if bits % 2 else time.sleep(99)",
    "writes it into a file": "open(f'{bits}', 'w').close(); print(sorted(os.listdir('.')))",
    "breaks the protocol for it": "os.write(3, bytes([255]) * (8 + bits))",
    "keeps its output": "sys.stdout.flush(); time.sleep(0.01); print(SEEN[0])",
}


@pytest.fixture(scope="module")
def graders() -> Iterator[list[Grader]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "UIDS", OWN_USERS)
        ps = COURSE.problem_set(PS)
        ps = replace(ps, limits=Budget(seconds=1))
        bases = [composed_basis(ps, Course(secret=secret)) for secret in SECRETS]
        with Grader(bases[0], RememberingSandbox) as a, Grader(bases[1], RememberingSandbox) as b:
            yield [a, b]


def read(grader: Grader, source: str) -> str:
    """All that a student can read of an answer that cannot be right."""
    notebook: dict[str, Any] = right()
    cell(notebook, "encoder")["source"] = source
    report = grader.grade(read_notebook(notebook, grader.release, "mallory"))
    assert not report.fault and report.questions[0].score == 0
    return json.dumps(results(report))


@pytest.mark.parametrize("name", SPIES)
def test_what_a_student_reads_does_not_depend_on_the_secret(
    graders: list[Grader], name: str
) -> None:
    spy = "\n".join(f"        {line}" for line in SPIES[name].split("\n"))
    told = [read(grader, ENCODER.format(spy=spy)) for grader in graders]
    assert told[0] == told[1]
