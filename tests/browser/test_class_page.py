"""The class page serves five hundred submissions, wide and on a phone, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import SCREENSHOTS
from playwright.sync_api import Browser, Page, expect
from reports import QUESTIONS, report, wrong

from autograder.results.class_page import More, write_class_page
from autograder.results.feedback import write_feedback
from autograder.results.files import write_results

pytestmark = pytest.mark.slow
MANY = 500
LONG = "submission of Someone-With-A-Very-Long-Name who handed it in twice"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    people = {}
    for i in range(MANY):
        name = LONG if i == 1 else f"student{i}"
        told = report(wrong(QUESTIONS[i % 2])) if i % 3 else report()
        told.submission = name
        told.notes = ["The notebook is saved in an old format (nbformat 3)."] if i == 7 else []
        write_results(told, folder / name / "results.json")
        people[name] = {"name": "Jörg Öst" if i == 9 else f"Person {i}", "late": str(i % 4)}
    write_feedback(report(), folder / "student2" / "feedback.html")
    write_class_page(folder, folder / "index.html", More(people=people))
    return folder


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["wide", "phone, dark"])
def page(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Page]:
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda r: said.append(r.url) if not r.url.startswith("file:") else None)
    page.goto((folder / "index.html").as_uri())
    yield page
    assert said == []
    page.close()


def totals(page: Page) -> list[float]:
    cells = page.locator("#class tbody tr:visible td:nth-child(4)").all_inner_texts()
    return [float(text) for text in cells]


def test_the_page_is_no_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]  # type: ignore[index]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"class-{page.viewport_size['width']}.png", full_page=True)  # type: ignore[index]


def test_columns_sort_both_ways(page: Page) -> None:
    head = page.get_by_role("button", name="Total")
    head.click()
    down = totals(page)
    assert down == sorted(down, reverse=True) and len(down) == MANY and down[0] > down[-1]
    head.click()
    assert totals(page) == down[::-1]
    page.get_by_role("button", name="Submission").click()
    first = page.locator("#class tbody tr td:first-child").nth(2)
    expect(first).to_have_text("student3")  # after student2, not before student10


def test_search_leaves_what_was_looked_for(page: Page) -> None:
    page.get_by_label("Search submissions").fill("jörg öst")
    expect(page.locator("#class tbody tr:visible")).to_have_count(1)
    expect(page.locator("#found")).to_have_text(f"1 of {MANY}")
    page.get_by_label("Search submissions").fill("old format")
    expect(page.locator("#class tbody tr:visible td:first-child")).to_have_text(["student7"])
    page.get_by_label("Search submissions").fill("")
    expect(page.locator("#class tbody tr:visible")).to_have_count(MANY)


def test_head_and_names_stay_in_sight(page: Page) -> None:
    box = page.locator(".scroll")
    box.evaluate("e => { e.scrollIntoView(); e.scrollTo(e.scrollWidth, e.scrollHeight); }")
    row = page.locator("#class tbody tr").nth(MANY - 1)
    expect(row).to_be_in_viewport()
    expect(page.get_by_role("button", name="Submission")).to_be_in_viewport()
    expect(row.locator("td").first).to_be_in_viewport()


def test_a_name_takes_one_line(page: Page) -> None:
    cells = page.locator("#class tbody tr")
    long = cells.filter(has_text=LONG).locator("td").first.bounding_box()
    short = cells.filter(has_text="Person 3").first.locator("td").first.bounding_box()
    assert long and short and abs(long["height"] - short["height"]) <= 1  # a line


def test_a_row_opens_its_feedback(page: Page) -> None:
    row = page.locator("#class tbody tr").filter(has=page.locator("a"))
    expect(row).to_have_count(1)
    row.locator("td").nth(2).click()
    page.wait_for_url("**/student2/feedback.html")
