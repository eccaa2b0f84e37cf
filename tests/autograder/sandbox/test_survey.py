"""What works here is told, and answers are not run where something essential does not."""

import os
import subprocess
import sys

import pytest

from autograder.__main__ import main
from autograder.model import CourseError
from autograder.paths import ROOT
from autograder.sandbox import client, isolation
from autograder.sandbox import survey as doctor
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Job

ALL = dict.fromkeys(doctor.MEANS, "")


def without(*names):
    return ALL | dict.fromkeys(names, "not permitted")


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
def test_two_of_a_kind_have_to_fail_before_an_answer_is_dangerous(monkeypatch, missing, danger):
    monkeypatch.delenv(doctor.WEAK, raising=False)
    said = doctor.table(without(*missing))
    assert said.count("NO ") == len(missing) == said.count("not here: not permitted")
    if not danger:
        doctor.require(without(*missing))
        assert said.endswith("Answers are safely apart.")
        return
    with pytest.raises(CourseError, match=f"{danger}.*--weak-isolation"):
        doctor.require(without(*missing))
    assert f"one could {danger}" in said
    monkeypatch.setenv(doctor.WEAK, "1")
    doctor.require(without(*missing))


def test_the_command_says_what_works_here(capsys, monkeypatch):
    monkeypatch.setattr(isolation, "survey", lambda: without("user", "landlock"))
    assert main(["doctor"]) == 1
    assert "NOT safely apart" in capsys.readouterr().out
    monkeypatch.setattr(isolation, "survey", lambda: ALL)
    assert main(["doctor"]) == 0


def test_the_sandbox_knows_what_works():
    with Sandbox() as sandbox:
        sandbox.start()
        assert list(sandbox.isolation) == list(doctor.MEANS) == list(isolation.MECHANISMS)


def test_no_answer_is_run_where_that_is_not_safe(monkeypatch, tmp_path):
    """Not the first one, and no later one either."""
    job = Job(f"open({str(tmp_path / 'ran')!r}, 'w')", (), "", ())
    tmp_path.chmod(0o777)

    def refuse(found):
        raise CourseError("not safe")

    monkeypatch.setattr(client, "require", refuse)
    with Sandbox() as sandbox:
        for _ in range(2):
            with pytest.raises(CourseError, match="not safe"):
                sandbox.run(job)
            assert sandbox._zygote is None


DOCTOR = [sys.executable, "-m", "autograder", "doctor"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs to give rights up")
@pytest.mark.parametrize(
    ("as_whom", "missing"),
    [
        ([], set()),
        (["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"], {"network"}),
        (["setpriv", "--reuid=61999", "--regid=61999", "--clear-groups"], {"user", "network"}),
        (["setpriv", "--bounding-set=-all", "--inh-caps=-all"], {"user", "network"}),
    ],
    ids=["root", "root in a container", "an ordinary user", "root without capabilities"],
)
def test_answers_are_safely_apart_whoever_grades(as_whom, missing):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
    done = subprocess.run(
        [*as_whom, *DOCTOR], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {line.split()[0] for line in done.stdout.splitlines() if "  NO " in line}
    assert found == missing, done.stdout
