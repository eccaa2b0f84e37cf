import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from contrast import contrast
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reports import QUESTIONS, problem_set, report, wrong
from test_text import Page

from autograder.model import CourseError, QuestionResult, Report
from autograder.paths import ROOT
from autograder.results.class_page import histogram, write_class_page
from autograder.results.feedback import write_feedback
from autograder.results.files import write_results
from autograder.results.html import points

PENDING = [QuestionResult(q) for q in QUESTIONS]


def feedback(report: Report, folder: Path) -> str:
    write_feedback(report, folder / "feedback.html")
    return (folder / "feedback.html").read_text(encoding="utf-8")


def classroom(folder: Path, *reports: Report) -> str:
    for r in reports:
        write_results(r, folder / r.submission / "results.json")
        write_feedback(r, folder / r.submission / "feedback.html")
    write_class_page(folder, folder / "index.html")
    return (folder / "index.html").read_text(encoding="utf-8")


def test_feedback_tells_hint_checks_notes_and_output(tmp_path: Path) -> None:
    told = {"hint": "Call `zero_grad()`.", "notes": ["Magics are left out."], "printed": "step 9"}
    page = feedback(report(wrong(QUESTIONS[0], **told), name="Jürgen"), tmp_path)
    read = Page(page).words
    positions = [
        read.index(text)
        for text in (
            "Jürgen", "3.5", "Call zero_grad() .", "It learns.", "The loss stays at 1.",
            "Magics are left out.", "step 9",
        )
    ]  # fmt: skip
    assert positions == sorted(positions)
    assert "<code>zero_grad()</code>" in page


def test_feedback_loads_nothing(tmp_path: Path) -> None:
    page = Page(feedback(report(wrong(QUESTIONS[0])), tmp_path))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [a for a in page.attributes if a.startswith(("src=", "href=")) and "#" not in a]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (report(wrong(QUESTIONS[0], fault="no memory")), "The grader itself failed."),
        (Report("s", problem_set(), PENDING), "Grading did not come to its end."),
    ],
)
def test_feedback_of_the_graders_own_fault_shows_no_total(
    tmp_path: Path, broken: Report, says: str
) -> None:
    read = Page(feedback(broken, tmp_path)).words
    assert says in read and "not your score" in read
    assert "– / 3" in read


def test_feedback_of_bad_input_is_its_sentence(tmp_path: Path) -> None:
    bad = Report("s", problem_set(), PENDING, problem="It is a PDF.")
    read = Page(feedback(bad, tmp_path)).text
    assert "It is a PDF." in read and "Not graded yet" not in read


HOSTILE = st.text(alphabet=st.sampled_from("<>&\"'/=`{}%!-ab \n"), max_size=30) | st.text(
    max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(HOSTILE)
@example("</pre></style></title><script>alert(1)</script>")
@example("\"><img src=x onerror='a'>{{ 7 * 7 }}")
def test_student_text_makes_no_tag(tmp_path: Path, text: str) -> None:
    def make(text: str) -> list[Page]:
        text = f"x{text}"
        told = {"notes": [text], "printed": text, "hint": text, "mistake": text}
        r = report(wrong(QUESTIONS[0], **told), name=text, notes=[text])
        r.questions[0].checks[1].message = text
        pages = [feedback(r, tmp_path)]
        write_results(r, tmp_path / "class" / "one" / "results.json")
        write_class_page(tmp_path / "class", tmp_path / "class.html")
        pages.append((tmp_path / "class.html").read_text(encoding="utf-8"))
        return [Page(p) for p in pages]

    for found, harmless in zip(make(text), make(""), strict=True):
        assert [t for t in found.tags if t != "code"] == [t for t in harmless.tags if t != "code"]


def test_class_counts_what_was_graded(tmp_path: Path) -> None:
    mistake = {"mistake": "no_zero", "hint": "Call `zero_grad()`."}
    page = classroom(
        tmp_path,
        report(name="a"),
        report(wrong(QUESTIONS[1], **mistake), name="b"),
        report(wrong(QUESTIONS[1], **mistake), wrong(QUESTIONS[0]), name="c"),
        report(wrong(QUESTIONS[0], fault="no memory"), name="d"),
        Report("e", problem_set(), PENDING, problem="It is a PDF."),
        Report("f", problem_set(), PENDING),
    )
    read = Page(page).words
    assert "3 graded 3.17 mean of 3 3 median 1 bad input 2 to grade again" in read
    assert "2 Training · no_zero Call zero_grad() ." in read
    assert "2 Training It learns." in read
    assert "grader fault no memory" in read
    assert "bad input It is a PDF." in read
    assert 'title="2 full marks, 1 some, 0 none"' in page


def test_class_links_to_feedback_where_there_is_one(tmp_path: Path) -> None:
    page = classroom(tmp_path, report(name="Jürgen #1?"), report(name="b"))
    (tmp_path / "b" / "feedback.html").unlink()
    write_class_page(tmp_path, tmp_path / "pages" / "class.html")
    assert 'href="J%C3%BCrgen%20%231%3F/feedback.html"' in page
    page = (tmp_path / "pages" / "class.html").read_text()
    [link] = [a for a in Page(page).attributes if a.startswith("href=")]
    assert (tmp_path / "pages" / unquote(link[5:])).is_file()


TEST = '{"score": %s, "max_score": 1, "extra_data": {"question": "a", "checks": %s}}'
ONE = f'{{"tests": [{TEST}], "extra_data": {{}}}}'
BAD = [
    b"",
    b"[]",
    b"{",
    b"\xff\xfe{",
    b"[" * 100_000,
    b'{"tests": 1}',
    b'{"tests": [], "extra_data": 1}',
    b'{"tests": [1], "extra_data": {}}',
    (ONE % ("NaN", "[]")).encode(),
    (ONE % ("1e999", "[]")).encode(),
    (ONE % ("1", "3")).encode(),
]


@pytest.mark.parametrize("content", BAD)
def test_bad_results_are_listed_and_harm_no_other(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_bytes(content)
    read = Page(classroom(tmp_path, report(name="a"))).words
    assert "1 graded" in read and "1 broken results" in read
    assert "broken : results.json" in read


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "tests",
                        "extra_data",
                        "question",
                        "checks",
                        "score",
                        "max_score",
                        "name",
                        "notes",
                        "hints",
                        "fault",
                        "finished",
                    ]
                ),
                inner,
                max_size=8,
            )
        ),
        max_leaves=30,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_no_results_json_breaks_the_page(tmp_path: Path, data: Any) -> None:
    (tmp_path / "any").mkdir(exist_ok=True)
    (tmp_path / "any" / "results.json").write_text(json.dumps(data))
    write_class_page(tmp_path, tmp_path / "index.html")


def test_no_results_and_no_folder(tmp_path: Path) -> None:
    write_class_page(tmp_path, tmp_path / "index.html")
    assert "There are no results in this folder yet." in (tmp_path / "index.html").read_text()
    with pytest.raises(CourseError, match="There is no folder"):
        write_class_page(tmp_path / "none", tmp_path / "index.html")


def test_full_marks_have_a_bar_of_their_own() -> None:
    bars = histogram([0, 0.3, 0.5, 4.9999, 5, 6], 5)
    assert [b["count"] for b in bars] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    assert [b["label"] for b in bars][-2:] == ["4.5", "5"]


def test_a_total_on_an_edge_belongs_to_the_bar_above() -> None:
    assert [b["count"] for b in histogram([0.3], 1)][3] == 1


def test_points_are_short() -> None:
    assert [points(x) for x in (0, 1.0, 0.625, 2 / 3, 10)] == ["0", "1", "0.63", "0.67", "10"]


TEXT_ON = [
    ("text", "page"), ("quiet", "page"), ("hint", "page"), ("hint", "card"), ("quiet", "code"),
    ("good", "good-soft"), ("part", "part-soft"), ("bad", "bad-soft"), ("text", "hint-soft"),
]  # fmt: skip


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_links_stand_out_from_their_ground(theme: int) -> None:
    page = (ROOT / "autograder" / "results" / "templates" / "base.html").read_text()
    block = re.findall(r":root \{(.*?)\}", page, re.DOTALL)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", block))
    for text, ground in TEXT_ON:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
