"""What Canvas, Moodle, Gradescope and nbgrader hand over tells who, when, and which attempt."""

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from handed_in import PS, data, filled
from test_collect import GOOD, write

from autograder.model import CourseError, HandIn, Student
from autograder.reading.bulk import unpacked
from autograder.reading.collect import Found, collect
from autograder.reading.layouts import is_class

METADATA = """\
---
submission_111:
  :submitters:
  - :name: Jane Doe
    :sid: '007'
    :email: jane@x.edu
  - :name: Ben Öst
    :sid: 8
    :email: ben@x.edu
  :created_at: 2026-10-20 12:30:00.000000000 Z
  :score: 3.0
  :status: processed
  :results: {}
  :history:
  - :id: 5
    :created_at: 2026-10-19 12:30:00.000000000 Z
submission_112:
  :submitters:
  - :name: Cleo
    :sid:
    :email: cleo@x.edu
  :created_at: 2026-10-21 00:00:00.5 -04:00
  :history: []
submission_113: what is this
"""


def found(*paths: Path) -> dict[str, Found]:
    return {f.name: f for f in collect(paths, PS)}


def test_gradescope_tells_all_submitters_time_and_attempt(tmp_path: Path) -> None:
    folder = tmp_path / "assignment_9_export"
    for n in (111, 112, 113, 114):
        write(folder / f"submission_{n}" / f"{PS}.ipynb")
    write(folder / "submission_metadata.yml", METADATA.encode())
    made = found(folder)
    assert set(made) == {"007", "submission_112", "submission_113", "submission_114"}
    both = made["007"].hand_in
    assert [(s.id, s.name, s.email) for s in both.students] == [
        ("007", "Jane Doe", "jane@x.edu"),
        ("8", "Ben Öst", "ben@x.edu"),
    ]
    assert both.submitted == datetime(2026, 10, 20, 12, 30, tzinfo=UTC)
    assert both.attempt == 2
    alone = made["submission_112"].hand_in
    assert alone.students == (Student("", "Cleo", "cleo@x.edu"),)
    assert alone.submitted and alone.submitted.utcoffset() == timedelta(hours=-4)
    assert alone.attempt == 1
    assert made["submission_113"].hand_in == made["submission_114"].hand_in == HandIn()


@pytest.mark.parametrize("content", [b"", b"- 1", b"{", b"\xff\xfe", b"a: &a [*a]", b"[" * 5000])
def test_metadata_that_are_none_cost_nobody_a_row(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "submission_1234567" / "x.ipynb")
    write(tmp_path / "submission_metadata.yml", content)
    assert set(found(tmp_path)) == {"submission_1234567"}


@pytest.mark.parametrize(
    ("name", "attempt", "late"),
    [
        (f"doejane_123_4567_{PS}.ipynb", 1, False),
        (f"doejane_LATE_123_4567_{PS}-1.ipynb", 2, True),
        (f"doejane_123_4567_{PS}-3.zip", 4, False),
    ],
)
def test_canvas_tells_attempt_and_lateness(
    tmp_path: Path, name: str, attempt: int, late: bool
) -> None:
    (one,) = found(write(tmp_path / name)).values()
    assert one.name == "doejane_123"
    assert one.hand_in == HandIn((Student("123", "doejane"),), None, attempt, late)


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-10-20 15:58:23.948203 America/Los_Angeles", "2026-10-20T22:58:23.948203+00:00"),
        ("2026-10-20 15:58:23 UTC", "2026-10-20T15:58:23+00:00"),
        ("2026-10-20 15:58:23.948203 +0200", "2026-10-20T13:58:23.948203+00:00"),
        ("2026-10-20T15:58:23+02:00", "2026-10-20T13:58:23+00:00"),
        ("2026-10-20 15:58:23", "2026-10-20T15:58:23+00:00"),
        ("2026-10-20 15:58:23 Nowhere/Atlantis", "2026-10-20T15:58:23+00:00"),
        ("last week", None),
        ("", None),
    ],
)
def test_nbgrader_tells_the_time(tmp_path: Path, stamp: str, time: str | None) -> None:
    folder = tmp_path / "submitted" / "anna" / PS
    write(folder / "anything.ipynb")
    write(folder / "timestamp.txt", stamp.encode())
    (one,) = found(tmp_path).values()
    assert (one.name, one.hand_in.students) == ("anna", (Student("anna"),))
    at = one.hand_in.submitted
    assert (at and at.astimezone(UTC).isoformat()) == time


def test_of_several_attempts_the_latest_counts_and_says_so(tmp_path: Path) -> None:
    for name in (f"doejane_123_41_{PS}.ipynb", f"doejane_123_4100_{PS}-1.ipynb"):
        write(tmp_path / name.replace("_41_", "_4099_"))
    (one,) = found(tmp_path).values()
    assert one.path.name.endswith("-1.ipynb") and not one.beside
    assert one.notes == (f"Of 2 attempts, the latest was graded: {one.path.name}.",)


def test_attempts_in_two_downloads_are_told_apart_by_their_times(tmp_path: Path) -> None:
    for export, n in (("a", 111), ("b", 222)):
        write(tmp_path / export / f"submission_{n}" / f"{PS}.ipynb")
        text = METADATA.replace("submission_111", f"submission_{n}")
        day = text.replace("2026-10-20", "2026-10-25") if export == "a" else text
        write(tmp_path / export / "submission_metadata.yml", day.encode())
    one = found(tmp_path / "a", tmp_path / "b")["007"]
    assert one.path.parts[-3:-1] == ("a", "submission_111")
    assert "Of 2 attempts, the latest was graded, of 2026-10-25 12:30 UTC" in one.notes[0]


def test_a_later_attempt_without_a_notebook_is_the_latest_all_the_same(tmp_path: Path) -> None:
    for export, n, file in (("a", 111, "report.pdf"), ("b", 222, f"{PS}.ipynb")):
        write(tmp_path / export / f"submission_{n}" / file)
        text = METADATA.replace("submission_111", f"submission_{n}")
        day = text.replace("2026-10-20", "2026-10-25") if export == "a" else text
        write(tmp_path / export / "submission_metadata.yml", day.encode())
    one = found(tmp_path / "a", tmp_path / "b")["007"]
    assert "holds no notebook, only a PDF" in one.problem
    assert "Of 2 attempts, the latest was graded, of 2026-10-25" in one.notes[0]


def test_notebooks_of_one_attempt_stay_together(tmp_path: Path) -> None:
    folder = tmp_path / "submitted" / "anna" / PS
    for name in (f"{PS}.ipynb", f"{PS}-Copy1.ipynb"):
        write(folder / name)
    (one,) = found(tmp_path).values()
    assert one.name == "anna" and len(one.paths) == 2 and not one.notes


def test_those_who_handed_in_no_notebook_have_their_names_too(tmp_path: Path) -> None:
    write(tmp_path / "submitted" / "anna" / PS / f"{PS}.ipynb")
    write(tmp_path / "submitted" / "ben" / PS / "notes.txt")
    made = found(tmp_path)
    assert set(made) == {"anna", "ben"} and "holds no notebook" in made["ben"].problem
    moodle = tmp_path / "moodle"
    write(moodle / "Jane Doe_4711_assignsubmission_file_" / "report.pdf")
    write(moodle / "Ben Öst_4712_assignsubmission_file_" / f"{PS}.ipynb")
    made = found(moodle)
    assert made["Jane Doe_4711"].hand_in.students == (Student("4711", "Jane Doe"),)
    assert "only a PDF" in made["Jane Doe_4711"].problem


CLASSES = {
    "gradescope": [("export/submission_111/a.ipynb", GOOD),
                   ("export/submission_metadata.yml", METADATA.encode())],
    "canvas": [(f"doejane_123_4567_{PS}.ipynb", GOOD), (f"öst_LATE_124_4568_{PS}.zip", b"PK")],
    "moodle": [(f"Jane Doe_4711_assignsubmission_file_/{PS}.ipynb", GOOD)],
    "moodle without folders": [(f"Jane Doe_4711_assignsubmission_file_{PS}.ipynb", GOOD)],
    "nbgrader": [(f"submitted/anna/{PS}/{PS}.ipynb", GOOD),
                 (f"submitted/ben/{PS}/{PS}.ipynb", GOOD)],
}  # fmt: skip


@pytest.mark.parametrize("platform", CLASSES)
def test_a_download_is_the_same_zipped(tmp_path: Path, platform: str) -> None:
    file = tmp_path / "download.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in CLASSES[platform]:
            archive.writestr(name, content)
            write(tmp_path / "folder" / name, content)
    from_zip = found(*unpacked([file], tmp_path / "there"))
    from_folder = found(tmp_path / "folder")
    assert {n: f.hand_in for n, f in from_zip.items()} == {
        n: f.hand_in for n, f in from_folder.items()
    }
    assert all(f.hand_in.students for f in from_zip.values())


def test_a_students_own_zip_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "anna.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{PS}.ipynb", GOOD)
        archive.writestr(f"doejane_123_4567_{PS}.ipynb", GOOD)
    assert unpacked([file, tmp_path / "none.zip"], tmp_path / "there") == [
        file,
        tmp_path / "none.zip",
    ]
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 cut")
    assert unpacked([tmp_path / "broken.zip"], tmp_path) == [tmp_path / "broken.zip"]


def test_what_a_class_archive_holds_stays_where_it_is_unpacked(tmp_path: Path) -> None:
    file, there = tmp_path / "class.zip", tmp_path / "a" / "there"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("../../up", "/etc/x", "deep/../../../up", "C:\\x"):
            archive.writestr(f"{name}/Jane Doe_1_assignsubmission_file_/a.ipynb", GOOD)
    before = {p for p in tmp_path.rglob("*") if there not in p.parents}
    (place,) = unpacked([file], there)
    assert set(found(place)) == {"Jane Doe_1"}
    after = {p for p in tmp_path.rglob("*") if there not in p.parents}
    assert after - before <= {there, there.parent}


def test_a_class_archive_that_is_cut_off_says_so(tmp_path: Path) -> None:
    file = tmp_path / "class.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in CLASSES["nbgrader"]:
            archive.writestr(name, content)
    whole = file.read_bytes()
    at = whole.index(GOOD[:40])
    file.write_bytes(whole[:at] + b"x" * 60 + whole[at + 60 :])
    with pytest.raises(CourseError, match="damaged archive of a class"):
        unpacked([file], tmp_path / "there")


@pytest.mark.parametrize(
    "names",
    [[], ["a.ipynb", "b.ipynb"], [f"{PS}_2024_05_01.ipynb", f"{PS}_2024_05_02.ipynb"],
     ["doejane_123_4567_a.ipynb"], ["autoencoder_1_2_a.ipynb", "autoencoder_1_3_a.ipynb"]],
)  # fmt: skip
def test_what_a_student_packs_is_no_class(names: list[str]) -> None:
    assert not is_class(names, handed_in=True)


def test_canvas_s_download_of_one_student_is_a_class(tmp_path: Path) -> None:
    file = tmp_path / "submissions.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"doejane_LATE_123_4567_{PS}.ipynb", GOOD)
    (place,) = unpacked([file], tmp_path / "there")
    (one,) = found(place).values()
    assert one.name == "doejane_123" and one.hand_in.late


def test_a_name_too_long_for_this_disk_costs_no_class_its_grades(tmp_path: Path) -> None:
    file = tmp_path / "submissions.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"doejane_123_4567_{'x' * 262}.ipynb", GOOD)
        archive.writestr(f"roeben_124_4568_{PS}.ipynb", GOOD)
    (place,) = unpacked([file], tmp_path / "there")
    made = found(place)
    assert set(made) == {"doejane_123", "roeben_124"} and not made["doejane_123"].problem
    assert made["doejane_123"].path.read_bytes() == GOOD


def test_of_canvas_s_files_the_notebook_counts_whatever_else_was_handed_in_again(
    tmp_path: Path,
) -> None:
    write(tmp_path / "doejane_123_1001_final.ipynb")
    write(tmp_path / "doejane_123_1002_report-1.pdf", b"%PDF-1.7")
    write(tmp_path / "roeben_124_1003_report.pdf", b"%PDF-1.7")
    write(tmp_path / "limei_125_1004_hw-2024.ipynb")
    made = found(tmp_path)
    assert made["doejane_123"].path.name.endswith("final.ipynb")
    assert not made["doejane_123"].problem and not made["doejane_123"].notes
    assert made["roeben_124"].problem.endswith("report.pdf is a PDF, not a notebook.")
    assert made["limei_125"].hand_in.attempt == 1


def test_a_file_of_another_name_that_canvas_got_later_is_no_older(tmp_path: Path) -> None:
    (again,) = found(write(tmp_path / "a" / "doejane_123_1003_hw-1.ipynb")).values()
    (other,) = found(write(tmp_path / "b" / "doejane_123_2001_final.ipynb")).values()
    assert again.hand_in.is_older(other.hand_in) and not other.hand_in.is_older(again.hand_in)


def test_everybody_who_handed_in_no_notebook_has_a_row(tmp_path: Path) -> None:
    pdf = b"%PDF-1.7"
    for name in ("doejane_123_1001", "roeben_124_1002"):
        write(tmp_path / "canvas" / f"{name}_report.pdf", pdf)
        write(tmp_path / "moodle" / f"{name}_assignsubmission_file_" / "report.pdf", pdf)
    for n in (11, 12):
        write(tmp_path / "gradescope" / f"submission_{n}" / "report.pdf", pdf)
        write(tmp_path / "nbgrader" / "submitted" / f"s{n}" / PS / "report.pdf", pdf)
    for platform in ("canvas", "moodle", "gradescope", "nbgrader"):
        made = found(tmp_path / platform)
        assert len(made) == 2 and all("PDF" in one.problem for one in made.values()), platform


def test_other_assignments_of_nbgrader_s_students_are_left_alone(tmp_path: Path) -> None:
    for student in ("ann", "ben"):
        for assignment in (PS, "ps_cmc"):
            write(tmp_path / "submitted" / student / assignment / f"{assignment}.ipynb")
    write(tmp_path / "submitted" / "cleo" / "ps_cmc" / "ps_cmc.ipynb")
    write(tmp_path / "submitted" / "dora" / PS / "work" / f"{PS}.ipynb")
    write(tmp_path / "submitted" / "dora" / PS / "timestamp.txt", b"2026-10-20 15:58:23 UTC")
    made = found(tmp_path / "submitted")
    assert set(made) == {"ann", "ben", "dora"}
    assert made["dora"].hand_in.submitted
    write(tmp_path / "submitted" / "of mine" / "group a" / "emil.ipynb")
    assert "emil" in found(tmp_path / "submitted")


def test_a_class_in_one_folder_of_the_problem_sets_name_is_no_nbgraders(tmp_path: Path) -> None:
    for name in ("anna.ipynb", "ben.ipynb"):
        write(tmp_path / "hw" / PS / name, data(filled()))
    assert set(found(tmp_path / "hw")) == {"anna", "ben"}
