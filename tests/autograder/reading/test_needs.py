"""What an answer takes from own cells is found with all that makes it; nothing else is run."""

import pytest

from autograder.reading.needs import needed

USES_SIZES = "def f(x):\n    return [n * x for n in sizes]"


@pytest.mark.parametrize(
    ("answer", "own", "expected"),
    [
        (USES_SIZES, ["sizes = []\nfor n in (12, 24):\n    sizes.append(n)"],
         "sizes = []\nfor n in (12, 24):\n    sizes.append(n)"),
        (USES_SIZES, ["sizes = json.loads('[1]')", "import json", "loss = train(encoder)"],
         "sizes = json.loads('[1]')\nimport json"),
        # What makes it is looked for as far as it goes, in whatever order it stands.
        (USES_SIZES, ["def make():\n    return base * 2", "base = g()\nsizes = make()", "g()"],
         "def make():\n    return base * 2\nbase = g()\nsizes = make()\ng()"),
        (USES_SIZES, ["sizes = {}", "sizes['a'] = f(1)", "sizes.x = 1", "random.shuffle(sizes)"],
         "sizes = {}\nsizes['a'] = f(1)\nsizes.x = 1\nrandom.shuffle(sizes)"),
        (USES_SIZES, ["with open('a') as file:\n    sizes = file.read()", "print(sizes)"],
         "with open('a') as file:\n    sizes = file.read()"),
        (USES_SIZES, ["sizes = g(); other = 2; sizes += [1]"],
         "sizes = g(); other = 2; sizes += [1]"),
        ("@wrap\ndef f():\n    pass", ["def wrap(g):\n    return g", "wrap = jit(wrap)"],
         "def wrap(g):\n    return g\nwrap = jit(wrap)"),
        # Definitions are run in any case, and what is not needed never.
        (USES_SIZES, ["sizes = [1, 2]", "encoder = train(1)", "plt.plot(sizes)"], ""),
        (USES_SIZES, [], ""),
        ("def f(sizes):\n    return sizes", ["sizes = g()"], ""),
        ("def f(:", ["sizes = g()"], ""),
        (USES_SIZES, ["sizes = g(", "sizes = []"], ""),
        (USES_SIZES, ["sizes = g()\n" * 3000], ""),
    ],
)  # fmt: skip
def test_what_an_answer_needs(answer: str, own: list[str], expected: str) -> None:
    assert needed(answer, own) == expected
