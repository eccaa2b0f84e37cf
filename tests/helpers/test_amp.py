import sys
from dataclasses import replace

import pytest
import torch

import helpers


def test_a_cpu_computes_as_it_is(tmp_path):
    helpers.start(profile="mini", data=tmp_path)
    with helpers.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_only_gpus_that_have_it_natively_use_bfloat16(tmp_path, monkeypatch, capability, native):
    """This machine has no GPU: what a T4, an A100 and an H100 say of themselves is put here."""
    here = replace(helpers.start(profile="mini", data=tmp_path), device=torch.device("cuda"))
    monkeypatch.setattr(sys.modules["helpers.session"], "_current", here)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    asked = []
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: asked.append((args, options)))
    helpers.autocast()
    assert asked == [(("cuda", torch.bfloat16), {"enabled": native})]
