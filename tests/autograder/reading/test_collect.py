"""Every file that was handed in is found and named; a bad one is a sentence, and no more."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from handed_in import ANSWERS, PS, archive, code, data, filled, release

from autograder.reading.collect import Found, collect
from autograder.reading.reader import SERVER, Reader
from autograder.sandbox.client import Sandbox

GOOD = data(filled())
OTHER = data({"cells": [code("x = 1")], "nbformat": 4})


def write(path: Path, content: bytes = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(*paths: Path) -> list[str]:
    return [f.name for f in collect(paths, PS)]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Sandbox(imports=(SERVER,)) as sandbox:
        yield Reader(sandbox, release())


def problems(reader: Reader, *paths: Path) -> dict[str, str]:
    return {f.name: reader.load(f).problem for f in collect(paths)}


def test_the_stem_is_the_name(tmp_path: Path) -> None:
    for name in ("anna.ipynb", "Jörg von Öst.ipynb", "c.IPYNB", ".hidden.ipynb", "notes.txt"):
        write(tmp_path / name)
    write(tmp_path / ".ipynb_checkpoints" / "anna-checkpoint.ipynb")
    write(tmp_path / "__MACOSX" / "anna.ipynb")
    assert sorted(names(tmp_path)) == ["Jörg von Öst", "anna", "c", "notes"]


def test_those_who_share_a_stem_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b", "x/b", "y"):
        write(tmp_path / folder / "ps.ipynb")
    write(tmp_path / "only.ipynb")
    write(tmp_path / "zip" / "ps.zip", archive(("ps.ipynb", GOOD)))
    found = names(tmp_path)
    assert sorted(found) == ["a__ps", "b__ps", "b__ps-2", "only", "y__ps", "zip__ps"]
    assert names(tmp_path) == found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"submitted/anna/{PS}/{PS}.ipynb", "anna"),
        (f"submitted/anna/{PS}/{PS}-Copy1.ipynb", "anna"),
        (f"submitted/anna/{PS}/Copy of {PS}.ipynb", "anna"),
        (f"doejane_123_4567_{PS}.ipynb", "doejane_123"),
        (f"öström_LATE_123_4567_{PS}-1.ipynb", "öström_123"),
        (f"Jane Doe_4711_assignsubmission_file_/{PS}.ipynb", "Jane Doe_4711"),
        (f"Jane Doe_4711_assignsubmission_file/my work/{PS}.ipynb", "Jane Doe_4711"),
        ("submission_98765/Untitled.ipynb", "submission_98765"),
        (f"bulk/submission_98765/{PS}/x.zip", "submission_98765"),
        ("hw/anna_hw.ipynb", "anna_hw"),
        (f"ben/{PS}.ipynb", f"ben__{PS}"),
        (f"ben/{PS} (1).ipynb.txt", f"ben__{PS} (1)"),
        ("anna/anna.ipynb", "anna"),
        ("2024_05_01.ipynb", "2024_05_01"),
    ],
)  # fmt: skip
def test_a_name_tells_the_student_as_far_as_the_layout_does(
    tmp_path: Path, path: str, name: str
) -> None:
    file = write(tmp_path / path)
    assert names(file) == names(tmp_path) == [name]
    write(tmp_path / "zoe.ipynb")
    assert name in names(tmp_path)


def test_a_file_named_twice_is_one(tmp_path: Path) -> None:
    file = write(tmp_path / "a.ipynb")
    assert names(file, tmp_path, tmp_path / "." / "a.ipynb") == ["a"]


@pytest.mark.parametrize(
    "name", ["..ipynb", "...ipynb", " .ipynb", "a\nb.ipynb", "x" * 200 + ".ipynb"]
)
def test_a_name_is_always_good_for_a_folder(tmp_path: Path, name: str) -> None:
    (found,) = names(write(tmp_path / name))
    assert found.strip(". ") and "\n" not in found and len(found) < 190
    (tmp_path / found).mkdir()


def test_names_that_are_no_text_can_be_written(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.ipynb"))
    (found,) = names(write(file))
    assert found.encode() and found.startswith("caf")


def test_what_holds_no_notebook_says_so(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "papers" / "report.pdf", b"%PDF-1.7")
    write(tmp_path / "mine.pdf", b"%PDF-1.7")
    found = problems(
        reader,
        tmp_path / "empty",
        tmp_path / "papers",
        tmp_path / "mine.pdf",
        tmp_path / "gone.ipynb",
    )
    assert found == {
        "empty": "The folder empty holds no notebook.",
        "papers": "The folder papers holds no notebook, only a PDF.",
        "mine": "mine.pdf is a PDF, not a notebook: hand in the .ipynb file as well.",
        "gone": "There is no file or folder gone.ipynb.",
    }


def test_nobody_is_left_out_of_a_class_in_silence(reader: Reader, tmp_path: Path) -> None:
    write(tmp_path / "anna" / "anna.ipynb")
    write(tmp_path / "anna" / "figures" / "loss.png")
    write(tmp_path / "ben" / "report.pdf", b"%PDF-1.7")
    (tmp_path / "cleo").mkdir()
    assert {n: bool(p) for n, p in problems(reader, tmp_path).items()} == {
        "anna": False,
        "ben": True,
        "cleo": True,
    }


def test_the_folder_of_results_holds_no_hand_in(tmp_path: Path) -> None:
    for name in ("anna", "ben", "grades/anna"):
        write(tmp_path / name / "anna.ipynb")
    (tmp_path / "grades" / "anna" / "anna.ipynb").rename(tmp_path / "grades" / "anna" / "r.json")
    write(tmp_path / "roster.csv", b"id,name\n")
    assert len(names(tmp_path)) == 3
    assert [f.path.parts[-2] for f in collect([tmp_path], PS, tmp_path / "grades")] == [
        "anna",
        "ben",
    ]


def test_files_beside_the_folders_of_a_class_have_rows(reader: Reader, tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        write(tmp_path / "in" / name / f"{name}.ipynb")
    write(tmp_path / "in" / "dora.pdf", b"%PDF-1.7")
    found = problems(reader, tmp_path / "in")
    assert found == {"anna": "", "ben": "", "dora": "dora.pdf is a PDF, not a notebook."}
    write(tmp_path / "emil" / "work" / "x.ipynb")  # one student's, with what he wrote beside it
    write(tmp_path / "emil" / "report.pdf", b"%PDF-1.7")
    assert names(tmp_path / "emil") == ["x"]


def test_a_pdf_belongs_to_the_notebook_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "anna.ipynb")
    write(tmp_path / "report.pdf", b"%PDF-1.7")
    assert names(tmp_path) == ["anna"]
    write(tmp_path / "ben.ipynb")
    write(tmp_path / "ben.pdf", b"%PDF-1.7")
    assert sorted(names(tmp_path)) == ["anna", "ben", "report"]


def test_links_and_folders_in_a_notebooks_place(reader: Reader, tmp_path: Path) -> None:
    outside = write(tmp_path / "other.ipynb")
    (tmp_path / "class" / "folder.ipynb").mkdir(parents=True)
    (tmp_path / "class" / "link.ipynb").symlink_to(outside)
    os.mkfifo(tmp_path / "class" / "pipe.ipynb")
    found = problems(reader, tmp_path / "class")
    assert "is a link" in found["link"]
    assert "is a folder" in found["folder"]
    assert "is not a file" in found["pipe"]


def test_a_zip_is_read_without_unpacking_it(reader: Reader, tmp_path: Path) -> None:
    hand_in = archive(
        (f"deep/{PS}.ipynb", GOOD), (f"{PS}.pdf", b"%PDF"), ("__MACOSX/._a.ipynb", b"")
    )
    (found,) = collect([write(tmp_path / "anna.zip", hand_in)])
    submission = reader.load(found)
    assert (submission.name, submission.answers) == ("anna", ANSWERS)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([("a.ipynb", OTHER), (f"{PS}.ipynb", GOOD)], ""),
        ([("a.ipynb", OTHER), ("b.ipynb", GOOD)], ""),
        ([("a.ipynb", GOOD), ("b.ipynb", GOOD)], "several notebooks (a.ipynb, b.ipynb)"),
        ([("report.pdf", b"%PDF")], "holds no notebook"),
        ([], "holds no notebook"),
        ([("../../etc/x.ipynb", GOOD)], "holds no notebook"),
        ([(f"{i}.txt", b"") for i in range(10_001)], "10,001 files"),
        ([(f"{PS}.ipynb.txt", GOOD)], ""),
        ([("mine.zip", archive((f"{PS}.ipynb", GOOD)))], ""),
        ([("a.zip", archive(("b.zip", archive((f"{PS}.ipynb", GOOD)))))], "holds no notebook"),
        ([("a.zip", archive((f"{PS}.ipynb", GOOD))), ("b.zip", b"PK")], ""),
        ([("a.zip", archive((f"{PS}.ipynb", GOOD))), ("data.zip", archive(("x.csv", b"1"))),
          ("__MACOSX/._a.zip", b"x")], ""),
        ([(f"{name}.zip", archive((f"{PS}.ipynb", GOOD))) for name in "ab"], "but archives"),
        ([(f"{PS}_2024_05_0{day}.ipynb", GOOD) for day in (1, 2)], "several notebooks"),
        ([(f"autoencoder_1_{day}_a.ipynb", GOOD) for day in (2, 3)], "several notebooks"),
        ([("a.zip", b"PK\x03\x04 cut")], "damaged"),
        ([(f"{who}_assignsubmission_file_/{PS}.ipynb", GOOD) for who in ("A B_1", "C D_2")],
         "holds the hand-ins of a class: unpack it"),
        ([(f"{who}_{PS}.ipynb", GOOD) for who in ("doejane_LATE_123_4567", "öström_345_6789")],
         "of a class"),
        ([(f"submission_{i}/{PS}.ipynb", GOOD) for i in range(70)], "of a class"),
        ([(f"doejane_{i}_3456_{PS}.zip", archive(("a.ipynb", GOOD))) for i in (123, 124)],
         "of a class"),
        ([(f"doejane_123_4567_{PS}.ipynb", GOOD)], ""),
    ],
)  # fmt: skip
def test_the_notebook_in_a_zip(reader: Reader, tmp_path: Path, members: Any, says: str) -> None:
    before = sorted(tmp_path.parent.rglob("*"))
    (found,) = collect([write(tmp_path / "a.zip", archive(*members))])
    submission = reader.load(found)
    assert says in submission.problem and bool(says) == bool(submission.problem)
    assert sorted(tmp_path.parent.rglob("*")) == sorted([*before, tmp_path / "a.zip"])


def test_files_and_folders_that_cannot_be_read(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "folder.ipynb").mkdir()
    assert "is a folder" in reader.load(Found("a", tmp_path / "folder.ipynb")).problem
    assert "no notebook" in reader.load(Found("a", tmp_path / "none.ipynb")).problem
    submission = reader.load(Found("Zoë", write(tmp_path / "Zoë Ö.ipynb")))
    assert (submission.name, submission.problem) == ("Zoë", "")
    assert submission.answers == ANSWERS


def test_everything_in_a_class_folder_has_a_row(reader: Reader, tmp_path: Path) -> None:
    for name in ("anna.ipynb", "ben.ipynb.txt", "cleo.ipynb.json", "fred.ipynb", "gina/ps.ipynb"):
        write(tmp_path / name)
    others = (
        "dora.py", "hugo.tar.gz", "ivy.docx", "erin/answer.py", "anna.pdf", "m.safetensors",
        "jane.key", "mike", "ann.rar", "Thumbs.db", "submission_metadata.yml",
    )  # fmt: skip
    for name in others:
        write(tmp_path / name, b"print(1)\n")
    found = problems(reader, tmp_path)
    assert {n for n, problem in found.items() if not problem} == {
        "anna",
        "ben",
        "cleo",
        "fred",
        "ps",
    }
    assert found["dora"] == "dora.py is a Python program, not a notebook."
    assert "is an archive of another kind than zip" in found["hugo.tar"]
    assert "is a document" in found["ivy"]
    assert "erin holds no notebook" in found["erin"]
    assert found["jane"] == "jane.key is a file of another kind, not a notebook."
    assert {"mike", "ann"} <= set(found)
    assert len(found) == 12


@pytest.mark.parametrize("copy", ["ps_autoencoder-Copy1", "ps_autoencoder (1)", "Copy of ps", "a"])
def test_of_several_notebooks_the_answered_one_is_taken(
    reader: Reader, tmp_path: Path, copy: str
) -> None:
    blank = data(release().notebook)
    members = [(f"{PS}.ipynb", blank), (f"{copy}.ipynb", GOOD), ("deep/draft.ipynb", b"{")]
    for order in (members, members[::-1]):
        submission = reader.load(Found("a", write(tmp_path / "a.zip", archive(*order))))
        assert submission.answers == ANSWERS
        assert f"{copy}.ipynb was graded" in submission.notes[0]
