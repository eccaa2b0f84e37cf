import pytest

import helpers
from helpers.errors import HelpersError


def test_outside_a_notebook_it_prints_one_line(tmp_path, capsys):
    helpers.start(profile="full", data=tmp_path)
    capsys.readouterr()
    helpers.record("supervised", 0.42512)
    assert capsys.readouterr().out == "supervised: test accuracy 0.4251 (full profile)\n"


@pytest.mark.parametrize("accuracy", [32.0, -0.1, float("nan"), float("inf")])
def test_an_accuracy_that_is_no_fraction_is_refused(accuracy):
    with pytest.raises(HelpersError, match="must be a fraction from 0 to 1"):
        helpers.record("supervised", accuracy)


def test_a_name_that_is_no_word_is_refused():
    with pytest.raises(HelpersError, match="one word"):
        helpers.record("my best model", 0.3)
