"""Answers are found whatever happened to the notebook; what was done about it is said."""

import ast
import json
from typing import Any

import pytest
from handed_in import ANSWERS, PS, cell, code, data, filled, grade_id, old, place, release, stripped
from hypothesis import given
from hypothesis import strategies as st

from autograder.reading.answers import Submission, read_bytes, read_notebook
from helpers.handing.claims import Result
from helpers.notebook import RESULT
from helpers.reading.finding import defined
from helpers.reading.magics import neutralise


def taken(notebook: dict[str, Any]) -> Submission:
    return read_notebook(notebook, release(), "student")


def notes(submission: Submission, id: str) -> str:
    return " ".join(submission.question_notes[id])


def test_a_plain_notebook_has_its_answers_and_nothing_to_note() -> None:
    submission = taken(filled())
    assert submission.answers == ANSWERS
    assert not submission.extras and not submission.notes and not submission.problem
    assert not any(submission.question_notes.values())


def test_the_blank_release_has_blank_answers() -> None:
    submission = taken({"cells": release().notebook["cells"], "nbformat": 4})
    assert submission.answers == {id: release().blank(id) for id in ANSWERS}
    assert not submission.extras


@pytest.mark.parametrize("spoil", [stripped, old])
def test_lost_marks_and_old_formats_change_no_answer(spoil: Any) -> None:
    submission = taken(spoil(filled()))
    assert submission.answers == ANSWERS
    assert not submission.extras
    assert len(submission.notes) == 1


def test_without_marks_and_marker_comments_the_names_decide() -> None:
    notebook = stripped(filled())
    for c in notebook["cells"]:
        c["source"] = "".join(c["source"]).replace("# Question: ", "# ")
    submission = taken(notebook)
    assert [defined(a) for a in submission.answers.values()] == [
        {"Encoder"},
        {"Decoder"},
        {"train_ae"},
        {"train_classifier"},
        {"supervised_flags", "results_autoencoder"},
    ]
    assert "another cell" in notes(submission, "decoder")


def test_a_deleted_answer_costs_that_answer_only() -> None:
    notebook = filled()
    del notebook["cells"][place(notebook, "decoder")]
    submission = taken(notebook)
    assert submission.answers == ANSWERS | {"decoder": ""}
    assert "no cell" in notes(submission, "decoder")


def test_of_two_answers_the_last_that_defines_the_names_is_taken() -> None:
    notebook = filled()
    at = place(notebook, "encoder")
    second = dict(cell(notebook, "encoder"), source="class Encoder:\n    second = 2")
    unrelated = dict(second, source="x = 1")
    notebook["cells"][at + 1 : at + 1] = [second, unrelated]
    submission = taken(notebook)
    assert submission.answers["encoder"] == second["source"]
    assert "3 cells answer this question" in notes(submission, "encoder")
    assert not submission.extras  # what was not taken does not come back as a definition


@pytest.mark.parametrize("blank_last", [True, False])
def test_an_untouched_copy_yields_to_a_filled_one(blank_last: bool) -> None:
    notebook = filled()
    at = place(notebook, "encoder")
    blank = dict(cell(notebook, "encoder"), source=release().blank("encoder"))
    notebook["cells"].insert(at + blank_last, blank)
    assert taken(notebook).answers["encoder"] == ANSWERS["encoder"]


def test_an_answer_in_a_cell_below_the_untouched_one_is_found() -> None:
    notebook = filled()
    at = place(notebook, "train_ae")
    cell(notebook, "train_ae")["source"] = release().blank("train_ae")
    notebook["cells"].insert(at + 1, code("def train_ae(model, dataloader, epochs=1): return 7"))
    submission = taken(notebook)
    assert submission.answers["train_ae"].endswith("return 7")
    assert "another cell" in notes(submission, "train_ae")


def test_an_answer_split_inside_its_class_is_joined() -> None:
    notebook = filled()
    at = place(notebook, "encoder")
    first, second = ANSWERS["encoder"].split("\n\n")
    notebook["cells"][at]["source"] = first
    # JupyterLab leaves the marks on both halves, Colab on none of the new ones
    for half in (code(second), dict(notebook["cells"][at], source=second)):
        split = {**notebook, "cells": [*notebook["cells"][: at + 1], half]}
        split["cells"] += notebook["cells"][at + 1 :]
        submission = taken(split)
        module = ast.parse(submission.answers["encoder"])
        assert isinstance(module.body[0], ast.ClassDef) and len(module.body[0].body) == 2
        assert "split" in notes(submission, "encoder")
        assert submission.answers["decoder"] == ANSWERS["decoder"]


def test_an_answer_split_between_its_names_is_joined() -> None:
    notebook = filled()
    at = place(notebook, "report_autoencoder")
    marker, flags, results = ANSWERS["report_autoencoder"].split("\n")
    notebook["cells"][at]["source"] = f"{marker}\n{flags}"
    notebook["cells"].insert(at + 1, code(results))
    submission = taken(notebook)
    assert submission.answers["report_autoencoder"] == ANSWERS["report_autoencoder"]
    assert "split" in notes(submission, "report_autoencoder")


@pytest.mark.parametrize("spoil", [lambda nb: nb, stripped])
@pytest.mark.parametrize("rest", ["blank", "", "# nothing here"])
def test_two_answers_in_one_cell_count_for_both(spoil: Any, rest: str) -> None:
    notebook = filled()
    both = f"{ANSWERS['encoder']}\n\n{ANSWERS['decoder']}"
    cell(notebook, "encoder")["source"] = both
    cell(notebook, "decoder")["source"] = release().blank("decoder") if rest == "blank" else rest
    submission = taken(spoil(notebook))
    assert submission.answers == ANSWERS | {"encoder": both, "decoder": both}
    assert "another cell" in notes(submission, "decoder")
    assert not submission.extras or submission.extras == [rest]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_turned_into_text_is_taken(kind: str) -> None:
    notebook = filled()
    cell(notebook, "decoder")["cell_type"] = kind
    submission = taken(notebook)
    assert submission.answers == ANSWERS
    assert kind in notes(submission, "decoder")


def test_a_changed_test_cell_is_said_and_not_used() -> None:
    notebook = filled()
    cell(notebook, "test_encoder")["source"] = "class Encoder: pass"
    submission = taken(notebook)
    assert submission.answers == ANSWERS and not submission.extras
    assert "test cell was changed" in notes(submission, "encoder")


def test_a_syntax_error_stays_with_its_answer() -> None:
    notebook = filled()
    cell(notebook, "encoder")["source"] = "class Encoder(nn.Module:\n    pass"
    notebook["cells"].insert(3, code("def broken(:"))
    submission = taken(notebook)
    assert submission.answers == ANSWERS | {"encoder": "class Encoder(nn.Module:\n    pass"}
    assert not submission.extras
    assert submission.notes == ["A cell of your own is not valid Python; it was left out."]


def test_a_syntax_error_is_found_without_marks_as_well() -> None:
    notebook = stripped(filled())
    for c in notebook["cells"]:
        if c["source"] == ANSWERS["encoder"]:
            c["source"] = "class Encoder(nn.Module:\n    pass"
    assert "nn.Module:" in taken(notebook).answers["encoder"]


def test_own_and_edited_cells_are_extras_without_their_magics() -> None:
    notebook = filled()
    given = next(c for c in notebook["cells"] if c["cell_type"] == "code" and not grade_id(c))
    given["source"] = "".join(given["source"]) + "\nWIDTH = 7"
    notebook["cells"].append(code("!pip install einops\nfrom math import pi"))
    submission = taken(notebook)
    assert submission.extras[0].endswith("WIDTH = 7")
    assert defined(submission.extras[1]) == {"pi"}
    assert "Shell commands were left out." in submission.notes


def test_magics_in_an_answer_are_noted_there() -> None:
    notebook = filled()
    cell(notebook, "decoder")["source"] = "%%time\n" + ANSWERS["decoder"]
    submission = taken(notebook)
    assert defined(submission.answers["decoder"]) == {"Decoder"}
    assert notes(submission, "decoder") == "Notebook magics were left out."


@pytest.mark.parametrize(
    ("notebook", "says"),
    [
        (filled() | {"metadata": {"course": {"problem_set": "ps_clip"}}}, "notebook of ps_clip"),
        ({"cells": [code("x = 1")], "nbformat": 4}, f"no question of {PS}"),
        ({"cells": [], "nbformat": 4}, "no cells"),
        ({"nbformat": 4}, "no cells"),
    ],
)
def test_another_notebook_is_told_apart(notebook: dict[str, Any], says: str) -> None:
    submission = taken(notebook)
    assert says in submission.problem and submission.problem.count(".") == 1
    assert not any(submission.answers.values())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"PK\x03\x04...", "zip archive"),
        (b"[]", "is a list"),
        (b"null", "is null"),
        (b"3", "is a number"),
        (b"hello", "not valid JSON"),
        (data(filled())[:5000], "perhaps cut off"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "out of bounds"),
    ],
)
def test_what_is_no_notebook_gets_a_sentence(content: bytes, says: str) -> None:
    submission = read_bytes(content, "a.ipynb", release(), "a")
    assert says in submission.problem
    assert submission.problem.startswith("a.ipynb ") and "\n" not in submission.problem


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = json.dumps(filled(), ensure_ascii=False)
    submission = read_bytes(text.encode(encoding), "a.ipynb", release(), "a")
    assert submission.answers == ANSWERS
    assert len(submission.notes) == (encoding != "utf-8-sig")


def test_a_missing_version_and_windows_lines_do_no_harm() -> None:
    notebook = filled()
    del notebook["nbformat"]
    for c in notebook["cells"]:
        c["source"] = "".join(c["source"]).replace("\n", "\r\n")
    submission = taken(notebook)
    assert submission.answers == ANSWERS and not submission.extras
    assert "nbformat" in submission.notes[0]


def test_results_are_read_from_outputs_and_from_print() -> None:
    line = "unsupervised: test accuracy 0.2760 (mini profile)"
    bundle = {"name": "random", "accuracy": 0.2, "profile": "full"}
    false = [{"name": "x", "accuracy": a, "profile": "mini"} for a in (2, float("nan"), "0.1")]
    notebook = filled()
    notebook["cells"].append(
        code(
            "",
            outputs=[
                {"output_type": "stream", "text": ["epoch 1\n", line, "\n"]},
                {"output_type": "display_data", "data": {RESULT: bundle, "text/plain": line}},
                *({"data": {RESULT: f}} for f in false),
                {"data": [], "text": 3},
                "strange",
            ],
        )
    )
    assert taken(notebook).results == {
        "unsupervised": Result("unsupervised", 0.276, "mini"),
        "random": Result("random", 0.2, "full"),
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["cell_type", "source", "metadata", "outputs", "input", "id", "attachments"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), JSON, JSON, st.integers(0, 60))
def test_strange_values_anywhere_are_survived(
    fields: dict[str, Any], metadata: Any, marks: Any, at: int
) -> None:
    notebook = filled()
    notebook["metadata"] = metadata
    spoilt = notebook["cells"][at % len(notebook["cells"])]
    id = grade_id(spoilt)
    spoilt.update(fields)
    notebook["cells"] += [marks, {"cell_type": "code", "metadata": {"nbgrader": marks}}]
    answers = taken(notebook).answers
    untouched = {k: v for k, v in ANSWERS.items() if k not in (id, id.removeprefix("test_"))}
    assert {k: answers[k] for k in untouched} == untouched


@pytest.mark.parametrize(
    ("source", "same_as"),
    [
        ("x = 5 % 3\n!ls", "x = 5 % 3"),
        ("!pip install \\\n  torch\ny = 2", "y = 2"),
        ("%matplotlib inline\nx = 1", "x = 1"),
        ("files = !ls\nx = 1", "files = []\nx = 1"),
        ("%%time\nx = 1", "x = 1"),
        ("%time x = f()", "x = f()"),
        ("%%bash\nrm -rf /", ""),
        ("torch.nn?\n?help\nx = 1", "x = 1"),
        ("pip install torch\nx = 1", "x = 1"),
        ("def f():\n    !ls\n    return 1", "def f():\n    pass\n    return 1"),
        ("x = '''\n!ls\n'''\n!ls", "x = '''\n!ls\n'''"),
        ("x = (7\n  % 4)\n%pwd", "x = (7\n  % 4)"),
        ("x = {  # a ( here\n  'a': '['}\n!ls", "x = {'a': '['}"),
    ],
)
def test_magics_are_neutralised(source: str, same_as: str) -> None:
    plain, said = neutralise(source)
    body = [n for n in ast.parse(plain).body if not isinstance(n, ast.Pass)]
    assert ast.dump(ast.Module(body, [])) == ast.dump(ast.Module(ast.parse(same_as).body, []))
    assert plain.count("\n") == source.count("\n") and said


@given(st.text(alphabet="x=!%?\n'\"([{}])\\# \tpip", max_size=40))
def test_neutralising_keeps_lines_and_python(source: str) -> None:
    plain, said = neutralise(source)
    assert plain.count("\n") == source.count("\n")
    assert said or plain == source


ODD = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n": "pointer that Git LFS",
    '{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}': "no cells",
    "<!DOCTYPE html>\n<html><head>": "is a web page",
    "import torch\nprint(torch.__version__)\n": "is a Python program",
    '{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> 1a2b3c4 (final)\n]}': "from line 2 on",
    "{\\rtf1 hello": "word processor",
    '{"cells": [': "not valid JSON (line 1)",
}


@pytest.mark.parametrize("text", ODD)
def test_what_bears_a_notebooks_name_is_called_what_it_is(text: str) -> None:
    assert ODD[text] in read_bytes(text.encode(), "a.ipynb", release(), "a").problem


@pytest.mark.parametrize("before", ["", "Content-Type: text/plain\n\n", "> "])
@pytest.mark.parametrize("rest", ["}\n ]\n}", "\n<<<<<<< HEAD\n", "trailing words", "\n{}"])
def test_what_stands_around_a_notebook_is_left_out(before: str, rest: str) -> None:
    whole = f"{before}{json.dumps(filled(), indent=1)}"
    submission = read_bytes(f"{whole}\n{rest}".encode(), "a.ipynb", release(), "a")
    assert submission.answers == ANSWERS and submission.problem == ""
    lines = f"in the lines {before.count(chr(10)) + 1} to {whole.count(chr(10)) + 1} of the file"
    assert any(lines in note for note in submission.notes)


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("In [5]: x = 1\n   ...: y = 2", "x = 1\ny = 2"),
        (">>> def f():\n...     return 1\n...\n>>> y = f()", "def f():\n    return 1\n\ny = f()"),
        ("    x = 1\n    y = 2", "x = 1\ny = 2"),
        ("\n\tx = [\n\t  1]", "\nx = [\n  1]"),
        ("%%writefile encoder.py\nx = 1", "# %%writefile encoder.py\nx = 1"),
        ("%%writefile -a a/b.py\nx = 1", "# %%writefile -a a/b.py\nx = 1"),
        ("%%writefile notes.txt\nx = 1", "# %%writefile notes.txt\n# x = 1"),
    ],
)
def test_what_ipython_takes_is_taken(source: str, plain: str) -> None:
    assert neutralise(source)[0] == plain


def test_of_a_whole_notebook_in_one_cell_only_definitions_count() -> None:
    loop = "for i in range(10**9):\n    pass\nprint(train())\n"
    whole = f"\n{loop}".join(ANSWERS.values())
    submission = taken({"cells": [code(whole)], "nbformat": 4})
    for id, names in {"encoder": "Encoder", "train_ae": "train_ae"}.items():
        assert names in defined(submission.answers[id])
        assert "range" not in submission.answers[id] and "print" not in submission.answers[id]
        line = submission.answers[id].split("\n").index("class Decoder(nn.Module):")
        assert whole.split("\n")[line] == "class Decoder(nn.Module):"
    claimed = submission.claims["report_autoencoder"]
    assert claimed["results_autoencoder"] == {"random": 0.25}


def test_two_answers_in_one_cell_keep_all_of_it() -> None:
    loop = "sizes = []\nfor n in (12, 24):\n    sizes.append(n)"
    both = f"{ANSWERS['encoder']}\n{loop}\n{ANSWERS['decoder']}"
    notebook = filled()
    cell(notebook, "encoder")["source"] = both
    notebook["cells"].remove(cell(notebook, "decoder"))
    assert "sizes.append(n)" in taken(notebook).answers["decoder"]
