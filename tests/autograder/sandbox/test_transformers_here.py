"""torchvision and transformers in an answer: the libraries themselves, stand-ins for what is
pretrained, and neither in memory where nothing of them is used."""

from typing import Any

import pytest

from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, Job, Limits

pytestmark = pytest.mark.slow

PROBES = "def look(ns):\n    return {'value': ns.f()}"
TINY = "n_layers=1, n_heads=2, dim=8, hidden_dim=8, vocab_size=9"
STAND_INS = """
from autograder.sandbox.pretrained import Pretrained

class Small:
    pass

class Words:
    pass

def given(namespace):
    Pretrained.makers.update(model=Small, tokenizer=Words)
"""


def outcome(sandbox: Sandbox, answer: str) -> Any:
    """What ``f()`` of an answer gives, or how it fails, within an answer's ordinary limits."""
    job = Job(answer, ("f",), PROBES, (Call("look", {}),), stand_ins={"own": STAND_INS})
    run = sandbox.run(job, Limits(cpu=10, memory=2 << 30))
    [found] = run.outcomes
    return found["value"] if isinstance(found, dict) else found


def test_torchvision_is_itself(sandbox: Sandbox) -> None:
    answer = """
from PIL import Image
from torchvision import models, transforms
from torchvision.transforms import v2
from torchvision.utils import make_grid, save_image
def f():
    save_image(torch.ones(2, 3, 8, 8), "grid.png")
    steps = transforms.Compose([transforms.Resize(16), transforms.ToTensor()])
    image = steps(Image.open("grid.png"))
    batch = v2.RandomHorizontalFlip(1.0)(torch.stack([image, image]))
    net = models.resnet50(weights=None)
    return [list(make_grid(batch).shape), list(net.eval()(batch).shape)]
"""
    assert outcome(sandbox, answer) == [[3, 20, 64], [2, 1000]]


@pytest.mark.parametrize(
    "line",
    [
        "from transformers import get_cosine_schedule_with_warmup as make",
        "from transformers.optimization import get_linear_schedule_with_warmup as make",
        "import transformers\nmake = transformers.get_cosine_schedule_with_warmup",
        "import transformers.optimization as t\nmake = t.get_polynomial_decay_schedule_with_warmup",
    ],
)
def test_ordinary_functions_of_transformers_are_themselves(sandbox: Sandbox, line: str) -> None:
    answer = f"""
{line}
def f():
    optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = make(optimizer, num_warmup_steps=2, num_training_steps=9)
    optimizer.step()
    schedule.step()
    return schedule.get_last_lr()[0]
"""
    assert outcome(sandbox, answer) == 0.5


def test_a_model_made_from_a_configuration_is_the_librarys(sandbox: Sandbox) -> None:
    answer = f"""
from typing import Optional
from transformers import DistilBertConfig, DistilBertModel
class Own(DistilBertModel):
    pass
def run(model: DistilBertModel | None, other: Optional[DistilBertModel] = None):
    return list(model(torch.ones(1, 3).long()).last_hidden_state.shape)
def f():
    config = DistilBertConfig({TINY})
    models = DistilBertModel(config), Own(config).to("cuda"), DistilBertModel._from_config(config)
    known = [isinstance(m, DistilBertModel) for m in (*models, 3)]
    return [*map(run, models), known, DistilBertConfig.from_pretrained("distilbert-base").dim]
"""
    shapes = [[1, 3, 8]] * 3
    assert outcome(sandbox, answer) == [*shapes, [True, True, True, False], 768]


def test_pretrained_models_are_the_parts_and_import_nothing(sandbox: Sandbox) -> None:
    answer = """
import sys
import transformers
from transformers import AutoImageProcessor, AutoModel, CLIPProcessor, DistilBertTokenizerFast
from transformers import DistilBertForMaskedLM, DistilBertModel, logging
from transformers.models.distilbert.modeling_distilbert import DistilBertModel as Deep
from transformers import CLIPTextModelWithProjection
from torchvision.transforms import Normalize
logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
models = AutoModel, CLIPTextModelWithProjection, DistilBertForMaskedLM, DistilBertModel, Deep
words = AutoImageProcessor, CLIPProcessor, DistilBertTokenizerFast
def f():
    made = [type(c.from_pretrained("a/name", cache_dir="/x")).__name__ for c in (*models, *words)]
    return [made, "transformers" in sys.modules]
"""
    assert outcome(sandbox, answer) == [["Small"] * 5 + ["Words"] * 3, False]


@pytest.mark.parametrize(
    "body",
    [
        "torchvision.models.resnet18(weights='DEFAULT')",
        "torchvision.datasets.CIFAR10('data', download=True)",
        "transformers.pipeline('sentiment-analysis')",
        "torchvision.io.read_image('none.png')",
    ],
)
def test_what_would_be_downloaded_is_an_error_like_any_other(sandbox: Sandbox, body: str) -> None:
    answer = f"import torchvision, transformers\ndef f():\n    return {body}"
    found = outcome(sandbox, answer)
    assert isinstance(found, Trouble) and found.message and found.line == 3


def test_a_name_that_the_library_has_not_is_an_import_error(sandbox: Sandbox) -> None:
    answer = """
def f():
    from transformers import there_is_none
"""
    found = outcome(sandbox, answer)
    assert isinstance(found, Trouble) and found.type == "ImportError"
    assert "there_is_none" in found.message


def test_where_transformers_is_missing_stand_ins_are_there_and_the_rest_is_named(
    sandbox: Sandbox,
) -> None:
    answer = """
import sys
sys.path = [p for p in sys.path if not p.endswith("-packages")]
from transformers import AutoModel
def f():
    made = type(AutoModel.from_pretrained("a/name")).__name__
    try:
        from transformers import set_seed
    except ModuleNotFoundError as error:
        return [made, str(error)]
"""
    assert outcome(sandbox, answer) == ["Small", "No module named 'transformers'"]


def test_neither_is_in_memory_where_no_answer_uses_it(sandbox: Sandbox) -> None:
    answer = """
import sys
f = lambda: sorted({m.partition(".")[0] for m in sys.modules} & {"torchvision", "transformers"})
"""
    assert outcome(sandbox, answer) == []


def test_functions_of_tqdm_do_nothing(sandbox: Sandbox) -> None:
    answer = """
from tqdm import tqdm
def f():
    tqdm.write("epoch 1")
    return [*tqdm(range(2))]
"""
    assert outcome(sandbox, answer) == [0, 1]
