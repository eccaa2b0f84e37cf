"""Each kind of change yields what its name says, in the lines that students write alone."""

import pytest

from autograder.authoring import mutations as kinds
from autograder.authoring.mutants import mutants

CELL = """\
def f(x, y, lr=1):
    a = x.sum(dim=1)  # given
    for z in x:
        ### BEGIN SOLUTION
        {}
        ### END SOLUTION
    return a
"""


@pytest.mark.parametrize(
    ("operator", "line", "expected"),
    [
        (kinds.drop_statement, "a = x", ["a = x → pass"]),
        (
            kinds.drop_statement,
            "with torch.no_grad(): a = x",
            [
                "with torch.no_grad(): → pass",
                "with torch.no_grad(): → a = x",
                "a = x → pass",
            ],
        ),
        (kinds.drop_call, "a = F.relu(x)", ["F.relu(x) → x"]),
        (kinds.drop_call, "a = x.relu()", ["x.relu() → x"]),
        (kinds.drop_argument, "a = F.f(x, dim=1)", ["dim=1 → nothing"]),
        (kinds.drop_argument, "a = F.f(x, y)", ["F.f(x, y) → F.f(x)"]),
        (
            kinds.drop_argument,
            "a = nn.Sequential(nn.ReLU())",
            ["nn.ReLU() → nothing"],
        ),
        (kinds.swap_arguments, "a = F.f(x, y)", ["F.f(x, y) → F.f(y, x)"]),
        (kinds.swap_arguments, "return x, y", ["return (x, y) → return (y, x)"]),
        (kinds.swap_arguments, "a = x @ y", ["a = x @ y → a = y @ x"]),
        (kinds.swap_name, "a = x", ["a = x → a = y"]),
        (kinds.swap_name, "self.a, self.b = 1, F(self.a)", ["F(self.a) → F(self.b)"]),
        (kinds.swap_axis, "a = F.f(x, dim=-1)", ["dim=-1 → dim=0"]),
        (kinds.swap_axis, "a = F.f(x, dim=0)", ["dim=0 → dim=1"]),
        (kinds.swap_axis, "a = x.T", ["a = x.T → a = x"]),
        (kinds.change_operator, "a = x * y", ["a = x * y → a = x / y"]),
        (kinds.change_operator, "a = x > y", ["a = x > y → a = x >= y", "a = x > y → a = x <= y"]),
        (kinds.change_operator, "a += y", ["a += y → a -= y", "a += y → a = y"]),
        (kinds.change_sign, "a = -x", ["a = -x → a = x"]),
        (kinds.change_sign, "x.backward()", ["x.backward() → (-x).backward()"]),
        (kinds.change_sign, "if x: a = y", ["if x: → if not x:"]),
        (kinds.change_constant, "a = 2", ["a = 2 → a = 3", "a = 2 → a = 1"]),
        (kinds.change_constant, "a = 0.1", ["a = 0.1 → a = 0.2"]),
        (kinds.change_constant, "a = True", ["a = True → a = False"]),
        (
            kinds.change_optimizer,
            "a = optim.Adam(x)",
            [
                f"optim.Adam(x) → optim.{other}"
                for other in (
                    "AdamW(x)",
                    "RMSprop(x)",
                    "Adam(x, weight_decay=0.01)",
                    "Adam(x, betas=(0.5, 0.999))",
                )
            ],
        ),
        (kinds.cut_gradient, "a = x.exp()", ["x.exp() → x.exp().detach()"]),
        (kinds.cut_gradient, "G(F.f(x.a(), y))", ["x.a() → x.a().detach()"]),
        (kinds.cut_gradient, "with torch.no_grad(): a = x.exp()", []),
        (kinds.change_function, "x.eval()", ["x.eval() → x.train()"]),
        (kinds.change_function, "x.train(y)", ["x.train(y) → x.eval()"]),
        (kinds.change_function, "a = x.sum(dim=1)", ["x.sum(dim=1) → x.mean(dim=1)"]),
        (
            kinds.change_function,
            "a = F.mse_loss(x, y)",
            ["F.mse_loss(x, y) → F.mse_loss(x, y, reduction='sum')"],
        ),
        (kinds.move_device, "a = x.to(y)", ["x.to(y) → x.cpu()"]),
        (kinds.move_device, "a = f(device=y)", ["device=y → device='cpu'"]),
        (
            kinds.stop_loop,
            "return [b for b in y]",
            ["return [b for b in y] → return [b for b in list(y)[:-1]]"],
        ),
    ],
)  # fmt: skip
def test_a_kind_changes_what_it_is_named_after(
    operator: kinds.Operator, line: str, expected: list[str]
) -> None:
    found = [m.change for m in mutants("q", CELL.format(line), [operator])]
    assert [c.removeprefix("line 5: ") for c in found if c.startswith("line 5: ")] == expected


def test_a_loop_around_them_is_stopped_early_and_misses_a_round() -> None:
    head = "line 3: for z in x: → for z in "
    assert [m.change for m in mutants("q", CELL.format("a = z"), [kinds.stop_loop])] == [
        head + "x: … break",
        head + "list(x)[1:]:",
        head + "list(x)[:-1]:",
    ]


def test_given_lines_stay_and_every_mutant_is_another() -> None:
    cell = CELL.format("a = F.f(x + y, dim=1) + a")
    made = mutants("q", cell)
    assert {m.change.split(":")[0] for m in made} == {"line 3", "line 5"}
    assert len({m.source for m in made}) == len({m.change for m in made}) == len(made) > 10
    assert all("a = x.sum(dim=1)\n" in m.source and "lr=1" in m.source for m in made)
    assert made == mutants("q", cell)
