"""What ours is measured against has to compute the same."""

import torch

from bench import notebook, plain


def test_plain_scores_are_those_of_the_solution() -> None:
    given = {"device": torch.device("cpu")}
    names = notebook.defined(("autoencoder", "cmc"), {"imports", "cmc_score"}, given)
    ours = names["CMCScore"](8, N=20, K=5)
    usual = names["CMCScore"](8, N=20, K=5)
    usual.load_state_dict(ours.state_dict())
    l, ab, y = torch.randn(4, 8), torch.randn(4, 8), torch.tensor([3, 0, 19, 7])
    torch.manual_seed(0)
    expected = ours(l, ab, y)
    torch.manual_seed(0)
    torch.testing.assert_close(tuple(plain.scores(usual, l, ab, y)), expected)
    torch.testing.assert_close(usual.state_dict(), ours.state_dict())
