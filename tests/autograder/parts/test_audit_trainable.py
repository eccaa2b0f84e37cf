"""Part ``clip`` with a text encoder that learns: trained and audited, though no term chose it."""

import pytest
from audits import wrong_rows

pytestmark = pytest.mark.trains


def test_every_row_of_the_audit_is_as_it_must_be() -> None:
    assert wrong_rows("trainable") == []
