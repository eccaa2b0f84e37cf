"""Cells that are hard to set on a page, and what has to be read there, or must not be."""

from dataclasses import dataclass
from typing import Any

from cells import code, error, markdown, png, shown, stream

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40">'
    '<rect width="120" height="40" fill="#0072B2"/></svg>'
)
FRAME = """<div><style scoped>.dataframe tbody tr th {vertical-align: top;}</style>
<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th><th>epoch</th>
<th>loss</th></tr></thead><tbody><tr><th>0</th><td>1</td><td>0.25</td></tr></tbody></table>
<p>1 rows × 2 columns</p></div>"""
WIDE = (
    "<table><tr>"
    + "".join(f"<td>column{i:02}=0.123456789</td>" for i in range(16))
    + "</tr></table>"
)


@dataclass(frozen=True)
class Difficult:
    """A cell, the words that its page shows in this order, those it must not, and its pictures."""

    name: str
    cell: dict[str, Any]
    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    pictures: int = 0


D = Difficult
CORPUS = [
    # text cells
    D("greek", markdown("Loss λ ≤ ½, done ✓, naïve, −1 × 2 → ∞"), ("λ", "≤", "½", "✓", "naïve", "∞")),
    D("formula", markdown("$$\\alpha^2 + \\frac{1}{N}\\sum_i x_i$$"), (), ("alpha", "frac")),
    D("align", markdown("\\begin{align}\n\\beta &= 1 \\\\\n  &= 2\n\\end{align}"), (), ("begin{",)),
    D("align in a fence", markdown("```\n\\begin{align}\nx\n\\end{align}\n```"), ("begin{align}",)),
    D("macros", markdown("$$\\newcommand{\\R}{\\mathbb{R}}\\newcommand{\\n}[1]{\\lVert #1 \\rVert}$$"),
      (), ("newcommand",)),
    D("macros used later", markdown("so $\\n{x} \\in \\R$ holds"), ("so", "holds"), ("\\R", "\\n")),
    D("operator", markdown("$\\DeclareMathOperator{\\softmax}{softmax} \\softmax(z)$"), ("softmax",),
      ("Declare",)),
    D("argmin", markdown("$\\hat y = \\operatorname*{arg\\,min}_y L(y)$ ends"), ("arg", "min", "ends")),
    D("tag and label", markdown("$$x = 1 \\tag{7}\\label{eq:a}$$"), ("(7)",), ("label",)),
    D("unknown macro", markdown("$\\unknowncommand{x}$ and more"), ("unknowncommand", "and more"),
      ("newcommand",)),
    D("broken formula", markdown("$\\frac{1}{$ and more"), ("and more",)),
    D("dollars", markdown("It costs $5, or $6 with tax."), ("costs $5, or $6 with tax",)),
    D("less than", markdown("where $a<b$ and $b>c$, all of it"), ("where", "and", "all of it")),
    D("pipe table", markdown("| a | b |\n|---|--:|\n| left one | 2 |"), ("left one", "2")),
    D("html table", markdown("<table><tr><td>in html</td><td>a<br>b</td></tr></table>"), ("in html",),
      ("<td>", "<br>")),
    D("div", markdown('<div align="center">in <b>the</b> middle</div>'), ("in the middle",), ("<b>",)),
    D("details", markdown("<details><summary>More</summary>\n\nhidden **words**\n\n</details>"),
      ("More", "hidden words"), ("<details>",)),
    D("sub and entity", markdown("H<sub>2</sub>O &amp; 5&nbsp;kg &lt;tag&gt;"), ("O & 5", "<tag>")),
    D("open comment", markdown("seen <!-- and no end"), ("seen",)),
    D("open fence", markdown("```python\nx = 'open fence'"), ("x = 'open fence'",)),
    D("open html", markdown("<div><table><tr><td>never closed"), ("never closed",)),
    D("typst signs", markdown('unbalanced #[ { $ ] \\ " \\* _ ` < > @ #import "x" $'), ("unbalanced",
      "#import")),
    D("nested list", markdown("1. one\n   - two\n     ```\n     three\n     ```\n2. four"),
      ("one", "two", "three", "four")),
    D("tasks", markdown("- [x] did\n- [ ] to do"), ("did", "to do")),
    D("quote", markdown("> quoted\n> > twice\n\n---\n\nafter"), ("quoted", "twice", "after")),
    D("heading with code", markdown("### `forward(x)` – what & *why*"), ("forward(x)", "what & why")),
    D("link to nowhere", markdown("see [the section](#gone) and <https://example.org/a_b>"),
      ("see the section and https://example.org/a_b",)),
    D("long word", markdown("y" * 3000), ("y" * 3000,)),
    D("long address", markdown("https://example.org/" + "path/" * 60), ("path/" * 60,)),
    D("footnote", markdown("a claim[^1]\n\n[^1]: its source"), ("a claim", "its source")),
    D("yaml rule", markdown("---\ntitle: not metadata\n---"), ("title: not metadata",)),
    D("control signs", markdown("bell \x07 and \x0c feed"), ("bell", "and", "feed")),
    # pictures in text
    D("attachment", markdown("![](attachment:a%20b.png)",
      attachments={"a b.png": {"image/png": png(31, 30)}}), pictures=1),
    D("data address", markdown(f"![](data:image/png;base64,{png(32, 30)})"), pictures=1),
    D("html picture", markdown(f"<img src='data:image/jpeg;base64,{png(33, 30, 'JPEG')}' width=40>"),
      pictures=1),
    D("no such picture", markdown("a ![](gone.png) b <img src='also-gone.png' width=3>"),
      ("a", "[picture not found: gone.png]", "b", "[picture not found: also-gone.png]")),
    D("remote picture", markdown("![plot](https://example.org/plot.png)"),
      ("[picture not found: https://example.org/plot.png]",)),
    # code
    D("strings", code('print("""\\n""")  # "quoted" \\ back \' `tick` $x$ #[a]')),
    D("long line", code("number = " + "9" * 400)),
    D("tabs and unicode", code("if α:\n\tβ = 'Ω → ✓'  # naïve")),
    D("magics", code("!pip install x\n%%time\n%matplotlib inline")),
    D("three hundred lines", code("\n".join(f"x{i} = {i}" for i in range(300)))),
    D("not run", code("x = 1", count=None), ("In [ ]",)),
    # printed text
    D("carriage returns", code("train()", stream("\r 0%", "stderr"), stream("\r 50%", "stderr"),
      stream("\r100% done\n", "stderr")), ("100% done",), (" 50%",)),
    D("backspaces", code("a", stream("spin |\b/\b-\bdone")), ("spin done",), ("|",)),
    D("colours", code("b", stream("\x1b[1;31mred\x1b[0m \x1b[38;5;12mblue\x1b[39m plain\n  \x1b[4mx")),
      ("red blue plain",), ("[31m", "[0m", "38;5")),
    D("traceback", code("1 / 0", error("ZeroDivisionError", "division by zero",
      "\x1b[31m---------\x1b[39m", "\x1b[36mCell\x1b[39m 1", "\x1b[31mZeroDivisionError\x1b[39m: by 0")),
      ("Cell 1", "ZeroDivisionError: by 0"), ("[31m",)),
    D("huge output", code("for i in x", stream("\n".join(f"line {i}" for i in range(100_000)))),
      ("line 0", "99,820 lines left out", "line 99999"), ("line 5000line",)),
    D("huge line", code("print(x)", stream("z" * 300_000 + "end")), ("280,003 characters left out",)),
    D("control output", code("c", stream("\x00\x07 bell \x1b]0;title\x07after")), ("bell after",)),
    D("box drawing", code("d", stream("┌──┬──┐\n│ 1│ 2│\n└──┴──┘ ✓ λ")), ("│ 1│ 2│", "✓ λ")),
    # results
    D("data frame", code("frame", shown({"text/html": FRAME, "text/plain": "PLAIN"})),
      ("epoch", "loss", "0.25", "1 rows × 2 columns"), ("PLAIN", "vertical-align")),
    D("wide table", code("wide", shown({"text/html": WIDE})), ("column00", "column15=0.123456789")),
    D("script", code("e", shown({"text/html": "<script>draw()</script>", "text/plain": "Chart()"})),
      ("a page cannot show", "Chart()"), ("draw()",)),
    D("widget", code("f", shown({"application/vnd.jupyter.widget-view+json": {"model_id": "1"},
      "text/plain": "FloatSlider()"})), ("a widget", "FloatSlider()")),
    D("latex output", code("g", shown({"text/latex": "$\\displaystyle \\gamma + 1$"})), (), ("gamma",)),
    D("markdown output", code("h", shown({"text/markdown": "**bold** result"})), ("bold result",)),
    D("unknown output", code("i", shown({"application/x-strange": {}})), ("application/x-strange",)),
    D("lists of lines", code("j", shown({"text/plain": ["thr", "ee"]})), ("three",)),
    D("wide picture", code("k", shown({"image/png": png(4000, 300)})), pictures=1),
    D("high picture", code("l", shown({"image/png": png(300, 4000)})), pictures=1),
    D("jpeg", code("m", shown({"image/jpeg": png(50, 40, "JPEG")})), pictures=1),
    D("transparent", code("n", shown({"image/png": png(50, 40, mode="RGBA")})), pictures=1),
    D("palette", code("o", shown({"image/png": png(50, 40, mode="P")})), pictures=1),
    D("webp", code("p", shown({"image/webp": png(50, 40, "WEBP")})), pictures=1),
    D("svg", code("q", shown({"image/svg+xml": SVG}))),
    D("damaged svg", code("r", shown({"image/svg+xml": "<svg><rect</svg>"})), ("a damaged picture",)),
    D("damaged png", code("s", shown({"image/png": "bm8gcGljdHVyZQ=="})), ("a damaged picture",)),
    D("no base64", code("t", shown({"image/png": "not base64 at all!"})), ("a damaged picture",)),
    D("half a png", code("u", shown({"image/png": png(50, 40)[:80]})), ("a damaged picture",)),
]  # fmt: skip
