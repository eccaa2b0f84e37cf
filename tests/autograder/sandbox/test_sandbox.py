"""One job in one fresh process: right values come back, and whatever else happens is contained."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.sandbox import client
from autograder.sandbox.cells import Trouble
from autograder.sandbox.client import Sandbox
from autograder.sandbox.job import Call, End, Job, Limits, Run, Why

PROBES = """
import os
from autograder.sandbox.toolkit import plain

def call(ns, x):
    return {"y": plain(ns.f(x))}

def look(ns):
    return {"value": ns.f()}
"""


def run(sandbox: Sandbox, answer: str, probe: str = "look", cpu: int = 5, **job: Any) -> Run:
    calls = (Call(probe, {"x": np.arange(4.0)} if probe == "call" else {}),)
    return sandbox.run(Job(answer, ("f",), PROBES, calls, **job), Limits(cpu=cpu))


@pytest.mark.slow
def test_what_answers_import_is_there_before_them() -> None:
    look = "import sys\ndef f(): return 'wave' in sys.modules"
    for imports, ready in (((), False), (("wave",), True)):
        with Sandbox(imports=imports) as sandbox:
            assert value(sandbox, look) is ready


def value(sandbox: Sandbox, answer: str, **job: Any) -> Any:
    outcome = run(sandbox, answer, **job).outcomes[0]
    assert isinstance(outcome, dict), outcome
    return outcome["value"]


def live_workers() -> list[str]:
    """Processes that run as a worker's user, or below our zygotes."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                owner = entry.stat().st_uid
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if owner in client.UIDS and state != "Z":
                found.append(entry.name)
    return found


def test_a_value_comes_back(sandbox: Sandbox) -> None:
    done = run(sandbox, "def f(x):\n    return (x * 2).sum() + torch.ones(3)", "call")
    assert isinstance(done.outcomes[0], dict)
    assert done.outcomes[0]["y"].tolist() == [13.0, 13.0, 13.0]
    assert not done.end


def test_each_job_starts_afresh(sandbox: Sandbox) -> None:
    value(sandbox, "torch.leak = 1\ntorch.set_default_dtype(torch.float64)\nf = lambda: 1")
    answer = "f = lambda: [hasattr(torch, 'leak'), str(torch.get_default_dtype())]"
    assert value(sandbox, answer) == [False, "torch.float32"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("while True: pass", " of computing"),
        ("import os\nos._exit(0)", "ended the process"),
        ("import ctypes\nctypes.string_at(0)", "crashed with signal 11"),
        ("import os\nos.write(3, b'x' * 100)\nf = lambda: 1", "it sent a header that is too long"),
        (
            'import os, struct\nh = b\'{"body": {"result": {"value": 1}}, "arrays": 7}\'\n'
            "os.write(3, struct.pack('>Q', len(h)) + h)\nf = lambda: 1",
            "too many arrays",
        ),
    ],
)
def test_an_answer_that_does_not_finish_is_told_so(
    sandbox: Sandbox, answer: str, said: str
) -> None:
    done = run(sandbox, answer, cpu=1)
    assert done.end and said in done.end.clause
    assert done.outcomes == []
    assert value(sandbox, "f = lambda: 7") == 7


@pytest.mark.slow
def test_waiting_is_stopped_after_a_second_try(sandbox: Sandbox) -> None:
    done = run(sandbox, "import time\ntime.sleep(1000)", cpu=1)
    assert done.end == End(Why.WAITED, "it was stopped: more than 1 second of waiting")
    assert done.seconds > 2
    assert not live_workers()


def test_a_run_that_a_busy_machine_kept_waiting_gets_a_second_try(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = iter([0, 0, 10])  # the first is told as well
    monkeypatch.setattr(Limits, "wall", property(lambda limits: next(walls)))
    done = run(sandbox, "f = lambda: 1")
    assert done.outcomes == [{"value": 1}] and not done.end


def test_a_loader_needs_no_processes(sandbox: Sandbox) -> None:
    answer = """
def f():
    data = torch.utils.data.TensorDataset(torch.arange(6.0))
    loader = DataLoader(data, 2, num_workers=2, persistent_workers=True, timeout=9)
    return float(sum(x.sum() for _ in range(2) for (x,) in loader))
"""
    assert value(sandbox, answer) == 30


@pytest.mark.parametrize("exit", ["raise SystemExit(3)", "import sys; sys.exit()", "exit()"])
def test_a_polite_exit_is_an_error_like_any_other(sandbox: Sandbox, exit: str) -> None:
    outcome = run(sandbox, f"def f():\n    {exit}").outcomes[0]
    assert isinstance(outcome, Trouble)
    assert outcome.line == 2


@pytest.mark.parametrize(
    "start",
    [
        "os.fork()",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.popen('true')",
        "os.execv('/bin/true', ['true'])",
        "multiprocessing.get_context('fork').Process(target=print).start()",
    ],
)
def test_an_answer_that_starts_a_process_is_told_so(sandbox: Sandbox, start: str) -> None:
    answer = f"import multiprocessing, os, subprocess\ndef f():\n    return {start}"
    outcome = run(sandbox, answer).outcomes[0]
    assert isinstance(outcome, Trouble)
    assert "it can start no programs and no others" in outcome.message


@pytest.mark.parametrize(
    "call",
    [
        "libc.fork()",
        "libc.vfork()",
        "libc.syscall(NUMBERS[0], 17, 0, 0, 0, 0)",  # clone
        "libc.execv(b'/bin/true', (ctypes.c_char_p * 2)(b'true', None))",
        "libc.fanotify_init(0, 0)",
        "libc.flock(fd, 1)",
        "libc.fcntl(fd, 1024, 1)",  # a lease
        "libc.fcntl(fd, 6, b'\\0' * 32)",  # a lock
        "libc.ioctl(fd, 0x40086602, b'\\x20\\0\\0\\0\\0\\0\\0\\0')",  # flags of the inode
        "libc.ioctl(fd, 0x40087602, b'\\0' * 8)",  # its version
        "libc.sync()",
        "libc.syncfs(fd)",
        "libc.shmget(7, 4096, 0o1666)",
        "libc.mq_open(b'/x', 66, 0o666, None)",
        "libc.pipe(b'\\0' * 8)",
        "libc.socket(1, 1, 0)",
        "libc.ptrace(0, 0, 0, 0)",
        "libc.inotify_init()",
        "libc.mincore(0, 0, None)",
        "libc.syscall(NUMBERS[1], 0, 0)",  # io_uring_setup
    ],
)
def test_a_system_call_that_is_not_listed_is_refused(sandbox: Sandbox, call: str) -> None:
    answer = f"""
import ctypes, errno, os, platform
NUMBERS = {{"x86_64": (56, 425), "aarch64": (220, 425)}}[platform.machine()]
def f():
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(os.getcwd(), os.O_RDONLY)
    result = {call}
    return [result, errno.errorcode.get(ctypes.get_errno(), "none")]
"""
    result, error = value(sandbox, answer)
    assert (result, error in ("EPERM", "ENOSYS")) in [(-1, True), (None, True)]


def test_threads_and_files_are_there(sandbox: Sandbox) -> None:
    answer = """
import concurrent.futures, pathlib, shutil, tempfile
def f():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        squares = list(pool.map(lambda i: i * i, range(9)))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.pt")
        torch.save({"x": torch.ones(3)}, path)
        path.rename(path.with_suffix(".pth"))
        total = float(torch.load(path.with_suffix(".pth"))["x"].sum())
        return [sum(squares), total, shutil.disk_usage(folder).total > 0]
"""
    assert value(sandbox, answer) == [204, 3.0, True]


@pytest.mark.skipif(os.getuid() != 0, reason="another user for each job needs root")
def test_the_job_is_another_user_in_an_empty_folder(sandbox: Sandbox) -> None:
    answer = "import os\nf = lambda: [os.getuid(), os.listdir('.'), os.getcwd(), os.getgroups()]"
    uid, files, folder, groups = value(sandbox, answer)
    assert uid in client.UIDS
    assert files == groups == []
    assert not Path(folder).exists()


@pytest.mark.skipif(os.getuid() != 0, reason="another user for each job needs root")
def test_a_private_file_cannot_be_read(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("expected")
    secret.chmod(0o600)
    outcome = run(sandbox, f"f = lambda: open({str(secret)!r}).read()").outcomes[0]
    assert isinstance(outcome, Trouble)
    assert outcome.type == "PermissionError"


def test_the_environment_holds_nothing_of_ours(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SECRET_PS", "hidden")
    assert "hidden" not in value(sandbox, "import os\nf = lambda: str(os.environ)")


def test_only_the_job_connection_is_open(sandbox: Sandbox) -> None:
    answer = "import os\nf = lambda: sorted(int(n) for n in os.listdir('/proc/self/fd'))"
    assert set(value(sandbox, answer)) - {4} == {0, 1, 2, 3}  # 4 is the listing itself


def test_the_graders_package_is_out_of_reach(sandbox: Sandbox) -> None:
    answer = "def f():\n    import autograder.parts.autoencoder.checks\n    return 1"
    outcome = run(sandbox, answer).outcomes[0]
    assert isinstance(outcome, Trouble)
    assert outcome.type == "ModuleNotFoundError"


def test_a_flood_of_text_is_cut_and_costs_nothing(sandbox: Sandbox) -> None:
    shown = (Call("look", {}),)
    answer = "def f():\n    print('spam' * 1_000_000)\n    return 1"
    done = run(sandbox, answer, in_public=shown)
    assert done.outcomes == done.in_public == [{"value": 1}]
    assert 0 < len(done.printed) <= 4000


def test_memory_has_a_limit(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "f = lambda: len(bytearray(8 << 30))").outcomes[0]
    assert isinstance(outcome, Trouble)
    assert outcome.type == "MemoryError"


def test_of_extra_cells_only_definitions_run(sandbox: Sandbox) -> None:
    extra = """
import functools
width = 3
net = nn.Linear(2, width)
class Helper: pass
def train(): raise RuntimeError
result = train()
train()
for _ in range(10**12): pass
data = open("/etc/passwd").read()
late = 4
"""
    answer = "f = lambda: [width, net.out_features, Helper.__name__, late, 'result' in globals()]"
    assert value(sandbox, answer, extras=(extra,)) == [3, 3, "Helper", 4, False]


def test_a_failing_line_after_the_definition_costs_nothing(sandbox: Sandbox) -> None:
    done = run(sandbox, "f = lambda: 1\nmodel = train(loader)\n")
    assert done.outcomes == [{"value": 1}]
    assert [(t.type, t.line) for t in done.troubles] == [("NameError", 2)]


def test_a_cell_that_defines_nothing_says_why(sandbox: Sandbox) -> None:
    done = run(sandbox, "x = 1\ndef f(:\n    pass\n")
    assert done.missing == ["f"]
    assert (done.troubles[0].type, done.troubles[0].line) == ("SyntaxError", 2)


@pytest.mark.parametrize(
    "body",
    [
        "torch.ones(2).cuda()",
        "torch.ones(2, device='cuda')",
        "torch.ones(2).to('cuda:0')",
        "torch.ones(2).to(torch.ones(1).get_device())",
        "torch.arange(2, device=torch.ones(1).get_device())",
        "nn.Linear(1, 2).cuda()(torch.ones(1).to(torch.device('cuda')))",
        "nn.Linear(1, 2).to('cuda')(torch.ones(1, device=torch.device('cuda', 0)))",
    ],
)
def test_code_for_a_gpu_runs_here(sandbox: Sandbox, body: str) -> None:
    done = run(sandbox, f"def f():\n    return list({body}.shape)")
    assert done.outcomes == [{"value": [2]}]
    assert done.on_gpu


def test_plots_and_progress_bars_do_nothing(sandbox: Sandbox) -> None:
    answer = """
import matplotlib.pyplot as plt
from IPython.display import clear_output
from tqdm.auto import tqdm, trange
from google.colab import drive
def f():
    drive.mount("/content/drive")
    fig, ax = plt.subplots()
    ax.plot([1])
    plt.figure(figsize=(3, 3))
    clear_output()
    with tqdm(total=3) as bar:
        bar.set_postfix(loss=1)
    return [i for i in tqdm(range(2))] + [i for i in trange(1, 3)]
"""
    assert value(sandbox, answer) == [0, 1, 1, 2]


def test_pretrained_models_are_stand_ins(sandbox: Sandbox) -> None:
    answer = """
import transformers
from transformers import AutoModel, AutoTokenizer
def f():
    transformers.logging.set_verbosity_error()
    models = AutoModel.from_pretrained("a/model"), AutoTokenizer.from_pretrained("a/model")
    return [type(m).__name__ for m in models]
"""
    # A part's probes say what is given; this one's say nothing.
    assert value(sandbox, answer) == ["Quiet", "Quiet"]


def test_the_trusted_process_imports_no_torch() -> None:
    code = "import sys, autograder.batch.run; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_workers_are_forked_from_lies_in_huge_pages(sandbox: Sandbox) -> None:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    kernel = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    if kernel < (6, 1) or not setting.is_file() or "[never]" in setting.read_text():
        pytest.skip("this machine has no huge pages for programs, or none that they can ask for")
    assert sandbox._zygote is not None
    held = Path(f"/proc/{sandbox._zygote.pid}/smaps_rollup").read_text()
    own, huge = (
        int(held.split(f"{name}:")[1].split()[0]) for name in ("Anonymous", "AnonHugePages")
    )
    assert huge > own / 2


@pytest.mark.slow
def test_a_dead_zygote_is_started_again() -> None:
    with Sandbox() as sandbox:
        sandbox.start()
        assert sandbox._zygote is not None
        sandbox._zygote.kill()
        sandbox._zygote.wait()
        assert value(sandbox, "f = lambda: 2") == 2


def test_nothing_of_a_gpu_fails_where_there_is_none(sandbox: Sandbox) -> None:
    answer = """
def f():
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    with torch.cuda.stream(torch.cuda.Stream()), torch.cuda.device(0):
        y = torch.ones(2, device="cuda").cuda(non_blocking=True) * 2
    end.record()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.set_device(0)
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.manual_seed_all(0)
    torch.cuda.current_stream().wait_stream(torch.cuda.default_stream())
    name = torch.cuda.get_device_name(torch.cuda.current_device())
    torch.save(y.pin_memory(), "y.pt")
    y = torch.load("y.pt", map_location="cuda:0")
    assert start.elapsed_time(end) > 0
    assert torch.cuda.memory_stats()["allocated_bytes.all.peak"] == 0
    said = f"{torch.cuda.max_memory_allocated() / 2**20:.0f} {name}"
    return [float(y.sum()), said, torch.cuda.is_available(), torch.cuda.mem_get_info()[0]]
"""
    assert value(sandbox, answer) == [4.0, "0 none", False, 0]


def test_what_is_written_elsewhere_is_found_again_and_not_there(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    answer = f"""
import json, os, pathlib
def f():
    drive = pathlib.Path({str(tmp_path)!r}, "MyDrive")
    os.makedirs(drive / "a", exist_ok=True)
    torch.save({{"x": torch.ones(3)}}, drive / "a" / "best.pt")
    with open("../log.jsonl", "a") as log:
        log.write("1")
    (drive / "n.json").write_text("[2]")
    np.save(str(drive / "y.npy"), np.zeros(2))
    open("own", "w").write("3")
    x = torch.load(drive / "a" / "best.pt")["x"].sum()
    read = json.load(open(drive / "n.json")), open("own").read()
    assert os.path.exists(drive / "n.json") and (drive / "a").exists()
    os.replace(drive / "n.json", drive / "m.json")
    assert not os.path.exists(drive / "n.json") and json.load(open(drive / "m.json")) == [2]
    (drive / "m.json").unlink()
    return [float(x), *read, sorted(os.listdir("."))]
"""
    shown = (Call("look", {}),)
    run = sandbox.run(Job(answer, ("f",), PROBES, shown, in_public=shown), Limits(cpu=5))
    assert run.outcomes == [{"value": [3.0, [2], "3", [".elsewhere", "own"]]}]
    assert run.elsewhere and not list(tmp_path.iterdir())
    assert not sandbox.run(Job("f = lambda: 1", ("f",), PROBES, shown, in_public=shown)).elsewhere


def test_what_a_cell_imports_from_the_future_holds_for_all_of_it(sandbox: Sandbox) -> None:
    answer = "from __future__ import annotations\ndef f() -> Nowhere:\n    return 3"
    assert value(sandbox, answer) == 3
