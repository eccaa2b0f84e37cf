"""Cells as IPython takes them: what it can run, has to be Python to us as well."""

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from helpers.reading.finding import defined
from helpers.reading.magics import neutralise, parses

LINES = [
    "%matplotlib inline", "%time f(3)", "%timeit -n 10 f(3)", "!ls -la *.py", "!!ls", "files = !ls",
    "out = %sql select 1", "?f", "f?", "f??", "??f", "torch.nn.Linear?", "x = [\n    1,\n    2,\n]",
    "def f(x):\n    return x", "def g(x):\n    !ls {x}\n    return f(x)",
    "class A:\n    b = 1\n\n    def c(self):\n        %time self.b\n        return 2",
    "for i in range(3):\n    %run a.py {i}", "if True:\n    !pip install a \\\n      b\n    y = 2",
    "s = '''\n%no magic\n!no shell\n'''", "t = f'{1 % 2}'", "u = 7 \\\n  % 3", "a = b = 5",
    "%config InlineBackend.figure_format = 'retina'", "%env A=1", "%cd /content", "%load_ext tb",
    "%tensorboard --logdir logs", "!pip install -q einops  # quiet", "v, w = !echo 1", "",
    "# a comment", "%pip install torch", ",f a b", ";f a b", "/f 1", "z = 1; !ls",
]  # fmt: skip
ABOVE = ["", "%%time\n", "%%capture out\n", "\n%%time\n", "%%timeit -r 1\n", "%%prun\n"]
SHAPES: dict[str, Any] = {
    "as it is": lambda source: source,
    "indented": lambda source: "\n".join(
        "    " + x if x.strip() else x for x in source.split("\n")
    ),
    "with prompts": lambda source: "\n".join(
        ("... " if i else ">>> ") + line for i, line in enumerate(source.split("\n"))
    ),
    "with IPython's": lambda source: "\n".join(
        ("   ...: " if i else "In [3]: ") + line for i, line in enumerate(source.split("\n"))
    ),
}
transform = TransformerManager().transform_cell


def bodies_shown(source: str) -> str:
    """A cell as IPython makes Python of it, the body of a cell magic in its place."""
    module = ast.parse(transform(source))
    match module.body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="run_cell_magic"), args=args))]:
            body = args[2]
            assert isinstance(body, ast.Constant) and isinstance(body.value, str)
            return bodies_shown(body.value)
    return ast.unparse(module)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=5),
    st.sampled_from(ABOVE),
    st.sampled_from(sorted(SHAPES)),
)
def test_what_ipython_takes_is_python_that_defines_the_same(
    lines: list[str], above: str, shape: str
) -> None:
    source = SHAPES[shape]((above + "\n".join(lines)).rstrip("\n"))
    try:
        right = bodies_shown(source)
    except SyntaxError:
        return
    made, _ = neutralise(source)
    assert parses(made), made
    assert defined(made) == defined(right)
    assert made.count("\n") == source.count("\n")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("    x = 1\n    y = 2", {"x", "y"}),
        ("In [12]: x = 1\n   ...: y = 2", {"x", "y"}),
        (">>> def f():\n...     return 1\n... \n>>> x = f()", {"f", "x"}),
        ("%%writefile -a a/b.py\ndef f(): pass", {"f"}),
        ("%%bash\necho x=1", set()),
        ("%%time\n%%capture\nx = 1", {"x"}),
    ],
)
def test_what_a_cell_defines(source: str, names: set[str]) -> None:
    assert defined(neutralise(source)[0]) == names
