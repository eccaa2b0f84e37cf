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
         "def make():\n    return base * 2\nbase = g()\nsizes = make()"),
        (USES_SIZES, ["sizes = {}", "sizes['a'] = f(1)", "sizes.x = 1", "random.shuffle(sizes)"],
         "sizes = {}\nsizes['a'] = f(1)\nsizes.x = 1\nrandom.shuffle(sizes)"),
        (USES_SIZES, ["with open('a') as file:\n    sizes = file.read()", "print(sizes)"],
         "with open('a') as file:\n    sizes = file.read()"),
        (USES_SIZES, ["sizes = g(); other = 2; sizes += [1]"],
         "sizes = g(); other = 2; sizes += [1]"),
        ("@wrap\ndef f():\n    pass", ["def wrap(g):\n    return g", "wrap = jit(wrap)"],
         "def wrap(g):\n    return g\nwrap = jit(wrap)"),
        *((USES_SIZES, ["sizes = []", line], f"sizes = []\n{line}") for line in (
            "[sizes.append(n) for n in (12, 24)]", "_ = [sizes.append(n) for n in (1,)]",
            "list(map(sizes.append, (12, 24)))", "ok and sizes.append(3)", "last = sizes.pop()",
            "sizes.view(-1).fill_(3)", "globals()['sizes'] = g()", "shuffle(values=sizes)")),
        (USES_SIZES, ["sizes = []\ndef add(n):\n    sizes.append(n)", "add(12)"],
         "sizes = []\ndef add(n):\n    sizes.append(n)\nadd(12)"),
        (USES_SIZES, ["def setup():\n    global sizes\n    sizes = [1]", "setup()"],
         "def setup():\n    global sizes\n    sizes = [1]\nsetup()"),
        # A decorator is called with what it stands above, and a base told of its classes.
        ("crits['ce'](x), log(x)",
         ["log = logger(1)\ncrits = {}\ndef register(name):\n    def keep(f):\n"
          "        crits[name] = f\n    return keep", "@register('ce')\ndef ce(x):\n    return x"],
         "log = logger(1)\ncrits = {}\ndef register(name):\n    def keep(f):\n"
         "        crits[name] = f\n    return keep\n@register('ce')\ndef ce(x):\n    return x"),
        (USES_SIZES, ["sizes = g()", "@sizes.add\ndef a():\n    pass", "@wrap\ndef b():\n    pass"],
         "sizes = g()\n@sizes.add\ndef a():\n    pass"),
        (USES_SIZES, ["sizes = g()", "class Base:\n    def __init_subclass__(cls):\n"
                      "        sizes.append(cls)", "class A(Base):\n    pass"],
         "sizes = g()\nclass Base:\n    def __init_subclass__(cls):\n"
         "        sizes.append(cls)\nclass A(Base):\n    pass"),
        # What every answer finds is made by nobody; to look at a value does not change it.
        ("def f(x):\n    return torch.relu(x) * sizes[0]",
         ["sizes = [1]", "torch.save(net, 'a')", "torch.manual_seed(0)", "net = train(len(sizes))"],
         ""),
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
