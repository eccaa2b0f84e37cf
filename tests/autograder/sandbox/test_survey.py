"""What works here is told, and answers are not run where something essential does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.paths import ROOT
from autograder.sandbox import seccomp, survey
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Job, SandboxError
from autograder.sandbox.survey import WEAK, Isolation, Mechanism

pytestmark = pytest.mark.slow


def without(*names: str) -> Isolation:
    return Isolation(dict.fromkeys(map(Mechanism, names), "not permitted"))


@pytest.mark.parametrize(
    ("missing", "danger"),
    [
        ((), ""),
        (("landlock",), ""),
        (("user",), ""),
        (("network",), ""),
        (("user", "network"), ""),
        (("user", "landlock"), "read files of the grader"),
        (("user", "seccomp"), "look into the grader's process"),
        (("network", "seccomp"), "reach the network"),
    ],
)
def test_two_of_a_kind_have_to_fail_before_an_answer_is_dangerous(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], danger: str
) -> None:
    monkeypatch.delenv(WEAK, raising=False)
    found = without(*missing)
    said = found.table()
    assert said.count("NO ") == len(missing) == said.count("not here: not permitted")
    if not danger:
        found.require()
        assert said.endswith("Answers are safely apart.")
        return
    with pytest.raises(SandboxError, match=f"{danger}.*--weak-isolation"):
        found.require()
    assert f"one could {danger}" in said
    monkeypatch.setenv(WEAK, "1")
    found.require()


def test_the_command_says_what_works_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "survey", lambda: without("user", "landlock"))
    assert main(["doctor"]) == 1
    assert "NOT safely apart" in capsys.readouterr().out
    monkeypatch.setattr(survey, "survey", without)
    assert main(["doctor"]) == 0


def test_the_sandbox_knows_what_works() -> None:
    with Sandbox() as sandbox:
        sandbox.start()
        assert sandbox.isolation == survey.survey()
        assert list(sandbox.isolation.works) == list(Mechanism)


def test_no_answer_is_run_where_that_is_not_safe(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not the first one, and no later one either."""
    job = Job(f"open({str(tmp_path / 'ran')!r}, 'w')", (), "", ())
    tmp_path.chmod(0o777)

    def refuse(found: Isolation) -> None:
        raise SandboxError("not safe")

    monkeypatch.setattr(Isolation, "require", refuse)
    with Sandbox() as sandbox:
        for _ in range(2):
            with pytest.raises(SandboxError, match="not safe"):
                sandbox.run(job)
            assert sandbox._zygote is None


def test_the_numbers_of_system_calls_are_the_kernels() -> None:
    """As its headers, where they are installed, say of this processor and of all newer ones."""
    places = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"
    missing = [place for place in places if not Path(place).is_file()]
    if missing and "CI" not in os.environ:
        pytest.skip(f"the kernel's headers are not here ({missing[0]}): install linux-libc-dev")
    for column, place in enumerate(places):
        found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(place).read_text())
        numbers = {name: int(number) for name, number in found}
        numbers.setdefault("newfstatat", numbers.get("fstatat", -1))
        for name, ours in (seccomp.ALLOWED | seccomp.LIMITED).items():
            number = ours[column]
            if name in numbers:  # newer calls than the headers know are none of theirs
                assert number == numbers[name], name
            else:
                assert number is None or number > max(numbers.values()), name


NAMESPACES = {"network", "processes", "times"}
DOCTOR = [sys.executable, "-m", "autograder", "doctor"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs to give rights up")
@pytest.mark.parametrize(
    ("as_whom", "missing"),
    [
        ([], set()),
        (["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"], NAMESPACES),
        (["setpriv", "--reuid=61999", "--regid=61999", "--clear-groups"], {"user"} | NAMESPACES),
        (["setpriv", "--bounding-set=-all", "--inh-caps=-all"], {"user"} | NAMESPACES),
    ],
    ids=["root", "root in a container", "an ordinary user", "root without capabilities"],
)
def test_answers_are_safely_apart_whoever_grades(as_whom: list[str], missing: set[str]) -> None:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
    done = subprocess.run(
        [*as_whom, *DOCTOR], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {line.split()[0] for line in done.stdout.splitlines() if "  NO " in line}
    assert found == missing, done.stdout
