import re
import stat
from datetime import date
from pathlib import Path

import pytest
from toy_course import TOML, make

from autograder.course.dates import written
from autograder.course.secret import PUBLIC_SECRET, secret
from autograder.course.table import Course
from autograder.model import Budget, CourseError, HintRule, Lateness, ProblemSet
from autograder.parts import declare


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COURSE_PUBLIC_SECRET", raising=False)
    return make(tmp_path, monkeypatch)


def problem_set(id: str, root: Path) -> ProblemSet:
    return Course(root).problem_set(id)


def test_reads_a_problem_set(root: Path) -> None:
    course = Course(root)
    assert course.ids == ["ps_toy"]
    ps = course.problem_set("ps_toy")
    assert (ps.title, ps.number, ps.parts) == ("Toy", 7, ("toy",))
    assert (ps.posted, ps.due) == (date(2026, 10, 12), date(2026, 10, 26))
    assert ps.profiles == ("full", "mini")
    assert ps.visibility == "visible"
    assert ps.points == 3.5
    assert course.problem_set("ps_toy") is ps
    assert (course.about.title, course.about.term) == ("Toys", "2026")
    assert course.image.torch_index == ""


def test_the_shipped_course_has_the_short_lab() -> None:
    ps = Course().problem_set("ps_autoencoder")
    assert ps.points == 5
    assert [q.id for q in ps.questions] == [
        "encoder",
        "decoder",
        "train_ae",
        "train_classifier",
        "report_autoencoder",
    ]


def test_points_can_be_other_than_the_parts_own(root: Path) -> None:
    (root / "course.toml").write_text(TOML + "points = { double = 4 }\n")
    assert problem_set("ps_toy", root).points == 5.5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("number = 7", "number = true", "number is True, but has to be a whole number"),
        ("number = 7", "nubmer = 7", "unknown key 'nubmer'"),
        ("number = 7", "", "number is missing"),
        ("posted = 2026-10-12", "posted = 2026-12-12", "due (2026-10-26) lies before posted"),
        ("posted = 2026-10-12", "posted = '2026-10-12'", "has to be a date like 2026-10-12, or"),
        ("posted = 2026-10-12", "posted = 10:00:00", "posted is datetime.time(10, 0), but has to"),
        ("posted = 2026-10-12", "posted = 2026-10-27T10:00:00Z", "due (2026-10-26) lies before"),
        ("number = 7", "number = 7\nhints = { after = -1 }", "hints holds a number below 0"),
        (
            "number = 7",
            "number = 7\nhints = { before = 1 }",
            "unknown key 'before'; there are after, a_day",
        ),
        ("number = 7", "number = 7\nlate = { a_day = 1 }", "unknown key 'a_day'"),
        ("number = 7", "number = 7\nlate = { last_day = -1 }", "last_day is -1, but has to be 0"),
        ('["toy"]', "[]", "parts is []"),
        ('["toy"]', '["toy", "toy"]', "name each one once"),
        ('["toy"]', "[3]", "parts holds 3"),
        ('["toy"]', '["tyo"]', "There is no part 'tyo'"),
        ("number = 7", 'number = 7\nprofiles = ["max"]', "'max', which is not one of full, mini"),
        ("number = 7", 'number = 7\nvisibility = "no"', "visibility is 'no'"),
        ("number = 7", "number = 7\npoints = {tripel = 1}", "points names 'tripel'"),
        ("number = 7", "number = 7\npoints = {double = -1}", "points of double is -1"),
        (
            "number = 7",
            "number = 7\npoints = {report_toy = 1, double = 'two'}",
            "points of double is 'two', but has to be a number",
        ),
        ("number = 7", "number = 7\noptions = {colour = 1}", "has to be 'red' or 'blue'"),
        ("number = 7", "number = 7\npoints = 3", "points is 3, but has to be a table"),
        ("number = 7", "number = 7\noptions = {tint = 'red'}", "no option 'tint', only colour"),
        ("number = 7", "number = 7\noptions = {colour = 'pink'}", "has to be 'red' or 'blue'"),
        ("[ps_toy]", "[limits]\nsecnds = 3\n[ps_toy]", "limits names 'secnds'"),
        ("number = 7", "number = 7\nlimits = {double = 0}", "limit double is 0"),
        ("number = 7", "number = 7\nlimits = {report = 9}", "limits names 'report'"),
        ("[ps_toy]", "[PS-toy]", "small letters"),
        ("[ps_toy]", "stray = 3\n[ps_toy]", "unknown key 'stray'"),
        ('title = "Toys"', "title = 3", "[course]: title is 3"),
        ("[ps_toy]", "[ps_toy", "is not valid TOML"),
        ("number = 7", "number = 7   of many", "`number = 7   of many`: behind a value only a"),
        ("number = 7", "number = 7\nnumber = 8", "`number = 8`: it stands further up already"),
        ("[ps_toy]", "[ps_toy]\n[ps_toy]", "`[ps_toy]`: it stands further up already"),
        ("number = 7", "number = 7\nlate = {points_a_day = 'x'}", "'x', but has to be a number."),
    ],
)
def test_says_what_is_wrong_and_where(root: Path, old: str, new: str, said: str) -> None:
    path = root / "course.toml"
    path.write_text(TOML.replace(old, new))
    with pytest.raises(CourseError, match=re.escape(said)) as error:
        [Course(root).problem_set(id) for id in Course(root).ids]
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("due", "zone", "ends", "text"),
    [
        ("2026-10-26", "UTC", "2026-10-27T00:00:00+00:00", "26 October 2026"),
        ("2026-10-26", "America/New_York", "2026-10-27T00:00:00-04:00", "26 October 2026"),
        ("2026-10-26T23:59:00-05:00", "UTC", "2026-10-26T23:59:00-05:00",
         "26 October 2026, 23:59 (UTC-05:00)"),
        ("2026-10-26T17:00:00Z", "UTC", "2026-10-26T17:00:00+00:00",
         "26 October 2026, 17:00 (UTC)"),
        ("2026-10-26T17:00:00", "Europe/Berlin", "2026-10-26T17:00:00+01:00",
         "26 October 2026, 17:00 (Europe/Berlin)"),
    ],
)  # fmt: skip
def test_a_due_date_ends_where_the_course_is(
    root: Path, due: str, zone: str, ends: str, text: str
) -> None:
    toml = TOML.replace("due = 2026-10-26", f"due = {due}")
    toml = toml.replace('title = "Toys"', f'title = "Toys"\ntimezone = "{zone}"')
    (root / "course.toml").write_text(toml)
    course = Course(root)
    ps = course.problem_set("ps_toy")
    assert course.deadline(ps).isoformat() == ends
    assert written(ps.due, ps.due_at, course.about.timezone) == text


def test_a_zone_that_there_is_not_is_told_to_who_needs_it(root: Path) -> None:
    toml = TOML.replace('title = "Toys"', 'title = "Toys"\ntimezone = "Atlantis"')
    (root / "course.toml").write_text(toml)
    course = Course(root)
    with pytest.raises(CourseError, match="timezone is 'Atlantis', but has to be one like"):
        course.deadline(course.problem_set("ps_toy"))


def test_lateness_and_hints_are_the_courses_or_the_problem_sets_own(root: Path) -> None:
    ps = problem_set("ps_toy", root)
    assert ps.late is None and ps.hold is None and ps.hints
    text = TOML.replace(
        "number = 7", "number = 7\nlate = { last_day = 3 }\nhints = { after = 2, a_day = 3 }"
    )
    (root / "course.toml").write_text(f"[late]\npoints_a_day = 0.5\nlast_day = 9\n{text}")
    ps = problem_set("ps_toy", root)
    assert ps.late == Lateness(points_a_day=0.5, last_day=3)
    assert ps.hold == HintRule(2, 3) and ps.hints


def test_limits_are_the_courses_unless_the_problem_set_has_its_own(root: Path) -> None:
    assert problem_set("ps_toy", root).limits == Budget()
    text = TOML.replace("number = 7", "number = 7\nlimits = {double = 30, memory = 512}")
    (root / "course.toml").write_text(f"[limits]\nseconds = 5\nmemory = 99\n{text}")
    limits = problem_set("ps_toy", root).limits
    assert limits == Budget(seconds=5, memory=512, questions={"double": 30})
    assert Course(root).ids == ["ps_toy"]


def test_options_are_the_first_values_unless_chosen(root: Path) -> None:
    assert problem_set("ps_toy", root).options == {"colour": "red"}
    text = TOML.replace("number = 7", "number = 7\noptions = {colour = 'blue'}")
    (root / "course.toml").write_text(text)
    assert problem_set("ps_toy", root).options == {"colour": "blue"}


def test_names_the_problem_sets_there_are(root: Path) -> None:
    with pytest.raises(CourseError, match=r"no problem set 'ps_tyo' in .*: ps_toy\."):
        problem_set("ps_tyo", root)
    with pytest.raises(CourseError, match="no problem set 'course'"):
        problem_set("course", root)
    (root / "course.toml").unlink()
    with pytest.raises(CourseError, match=r"There is no .*course\.toml"):
        Course(root)


def test_a_secret_is_made_once(root: Path) -> None:
    with pytest.raises(CourseError, match="no secret yet"):
        secret("ps_toy", root)
    made = secret("ps_toy", root, create=True)
    assert len(made) == 64
    assert secret("ps_toy", root) == secret("ps_toy", root, create=True) == made
    assert stat.S_IMODE((root / "secrets" / "ps_toy").stat().st_mode) == 0o600
    assert stat.S_IMODE((root / "secrets").stat().st_mode) == 0o700
    assert made.decode() not in (root / "notebooks" / "ps_toy.secret.sha256").read_text()
    assert secret("ps_more", root, create=True) != made


@pytest.mark.parametrize("create", [False, True])
def test_a_lost_secret_is_reported_and_not_remade(root: Path, create: bool) -> None:
    secret("ps_toy", root, create=True)
    (root / "secrets" / "ps_toy").unlink()
    (root / "secrets").rmdir()
    with pytest.raises(CourseError, match="secret of ps_toy is lost"):
        secret("ps_toy", root, create=create)
    assert not (root / "secrets").exists()


@pytest.mark.parametrize("create", [False, True])
def test_another_secret_than_the_releases_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch, create: bool
) -> None:
    made = secret("ps_toy", root, create=True)
    (root / "secrets" / "ps_toy").write_text("another")
    with pytest.raises(CourseError, match="not the secret that ps_toy was released with"):
        secret("ps_toy", root, create=create)
    monkeypatch.setenv("COURSE_SECRET_PS_TOY", made.decode() + "\n")
    assert secret("ps_toy", root, create=create) == made
    monkeypatch.setenv("COURSE_SECRET_PS_TOY", "a third")
    with pytest.raises(CourseError, match="COURSE_SECRET_PS_TOY is not the secret"):
        secret("ps_toy", root, create=create)


def test_an_empty_secret_is_no_secret(root: Path) -> None:
    secret("ps_toy", root, create=True)
    (root / "secrets" / "ps_toy").write_text("\n")
    with pytest.raises(CourseError, match="is empty"):
        secret("ps_toy", root, create=True)


def test_a_readable_secret_is_closed_again(root: Path) -> None:
    secret("ps_toy", root, create=True)
    (root / "secrets" / "ps_toy").chmod(0o644)
    secret("ps_toy", root)
    assert stat.S_IMODE((root / "secrets" / "ps_toy").stat().st_mode) == 0o600


def test_the_environment_can_hold_the_secret_from_the_first_release_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SECRET_PS_TOY", "from the environment")
    assert secret("ps_toy", root, create=True) == b"from the environment"
    assert not (root / "secrets").exists()
    monkeypatch.delenv("COURSE_SECRET_PS_TOY")
    with pytest.raises(CourseError, match="is lost"):
        secret("ps_toy", root, create=True)


def test_the_public_secret_makes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_PUBLIC_SECRET", "1")
    assert secret("ps_toy", root, create=True) == PUBLIC_SECRET
    assert not (root / "secrets").exists()
    assert not (root / "notebooks").exists()


def test_reading_the_settings_needs_no_part(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declare, "load_part", None)
    assert Course(root).about.term == "2026"


def test_a_course_is_read_once(root: Path) -> None:
    course = Course(root)
    made = secret("ps_toy", root, create=True)
    assert course.secret("ps_toy") == made
    (root / "course.toml").unlink()
    (root / "secrets" / "ps_toy").unlink()
    assert course.problem_set("ps_toy").title == "Toy"
    assert course.secret("ps_toy") == made


def test_one_secret_can_stand_for_all(root: Path) -> None:
    course = Course(root, b"for all")
    course.make_secret("ps_toy")
    assert course.secret("ps_toy") == b"for all"
    assert not (root / "secrets").exists()
