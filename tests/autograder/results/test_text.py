import html.parser
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from autograder.results.text import clean, escape, fence, inline, mask, shorten, shown

MARKUP = st.text(alphabet=st.sampled_from("`~*_[]()<>!#|&;:/\\-+=$@\"' \n\t\rab1."), max_size=60)
STUDENT = MARKUP | st.text(max_size=60)

# HTML is let through here, so that a tag that escapes Markdown is seen.
render = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render


class Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.pieces: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [f"{k}={v}" for k, v in attrs]

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        """The text as read: a space between elements, none doubled."""
        return " ".join(" ".join(self.pieces).split())

    def unknown_decl(self, data: str) -> None:
        self.tags.append("<!")

    def handle_decl(self, decl: str) -> None:
        self.unknown_decl(decl)

    handle_comment = handle_pi = unknown_decl


@given(STUDENT)
@example("```\n<script>alert(1)</script>\n```\n# Full marks")
@example("~~~\n</code></pre><img src=x onerror=alert(1)>")
@example("\r```\r<b>")
def test_nothing_leaves_the_fence(text: str) -> None:
    page = Page(render(f"before\n\n{fence(shown(text))}\n\nafter"))
    assert page.tags == ["p", "pre", "code", "p"]
    assert page.attributes == ["class=language-text"]
    # CommonMark shows NUL as U+FFFD; nothing else changes.
    assert page.text.strip() == f"before\n{shown(text)}\n\nafter".strip()


@given(STUDENT)
@example("![x](http://a.b/c)<b>[y](javascript:alert(1))")
@example("<http://a.b> &lt; \\<b>")
def test_escaped_text_shows_itself_and_no_markup(text: str) -> None:
    text = clean(text)
    page = Page(render(f"Note: {escape(text)}"))
    assert page.tags == ["p"]
    assert " ".join(page.text.split()) == " ".join(f"Note: {text}".split())


@given(STUDENT)
@example("`a``<b>` <i> `c")
@example("a\\`<b>`")
def test_messages_hold_code_and_no_other_markup(text: str) -> None:
    page = Page(render(f"- ✗ {inline(text)}"))
    assert set(page.tags) <= {"ul", "li", "code"}
    assert not page.attributes


def test_code_in_backticks_is_code() -> None:
    assert render(f"Hint: {inline('call `zero_grad()` before *that*')}") == (
        "<p>Hint: call <code>zero_grad()</code> before *that*</p>\n"
    )


def test_paths_and_addresses_are_masked() -> None:
    scratch = f"{tempfile.gettempdir()}/answer-k3x/w"
    text = (
        f'File "{scratch}/cell.py", line 3, in {Path(__file__).resolve()}\n'
        "<Encoder object at 0x7f3a9c1d2e80> in /tmp/answer-k3x"
    )
    assert mask(text) == (
        'File "…/cell.py", line 3, in …/test_text.py\n<Encoder object at 0x…> in …'
    )


@pytest.mark.parametrize("text", ["/content/data.csv", "shape /tmpx", "0xff", "a/tmp/b.txt", "1/2"])
def test_other_paths_and_numbers_stay(text: str) -> None:
    assert mask(text) == text


@given(st.text(max_size=80))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_a_progress_bar_keeps_its_last_state() -> None:
    assert clean("10%\r50%\r100%\r\nnext\x1b[31m red\x1b[0m\ud800\u202e") == "100%\nnext red?"


def test_long_text_keeps_its_ends() -> None:
    text = "start" + "x" * 100_000 + "end"
    short = shorten(text)
    assert len(short) < 4100
    assert short.startswith("start") and short.endswith("end")
    assert "96,008 characters left out" in short


def test_floods_are_cleaned_in_linear_time() -> None:
    for flood in (
        "\x1b[" * 200_000,
        "\r" * 400_000,
        "`" * 400_000,
        "/tmp/" * 80_000,
        "a\r" * 200_000,
    ):
        assert len(shown(flood)) < 4100
        assert len(inline(flood)) < 2000
