"""Part ``clip``, trained once with every value of its options, and audited."""

import pytest
from audits import missing_patches, wrong_rows

pytestmark = pytest.mark.trains


def test_every_row_of_the_audit_is_as_it_must_be() -> None:
    assert wrong_rows("clip") == []


def test_every_question_has_mistakes_and_variants() -> None:
    assert missing_patches("clip") == []
