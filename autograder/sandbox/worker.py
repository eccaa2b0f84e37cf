"""One job in one fresh process: a student's cells, then the probes. Nothing here is trusted."""

import contextlib
import dataclasses
import io
import marshal
import os
import socket
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.sandbox import elsewhere, pretrained, quiet_cuda, surroundings, wire
from autograder.sandbox.cells import A_GPU, Trouble, run_cell, run_definitions, trouble
from autograder.sandbox.on_cpu import OnCPU
from autograder.sandbox.recorder import Recorder, Steps

ANSWER = "<answer>"
PRINTED = 4000
Receive = Callable[[], dict[str, Any]]
Send = Callable[[dict[str, Any]], None]


class Tail(io.StringIO):
    """What the code prints, the first ``PRINTED`` characters of it."""

    def write(self, text: str) -> int:
        room = PRINTED - self.tell()
        if room > 0:
            super().write(str(text)[:room])
        return len(text)


def main(connection: socket.socket) -> None:
    """Serve the job that arrives on ``connection``, and leave without any cleaning up."""
    stream = connection.makefile("rwb")

    def send(body: dict[str, Any]) -> None:
        stream.write(wire.encode(body))
        stream.flush()

    try:
        serve(lambda: wire.decode(lambda n: stream.read(n), trusted=True), send)
    finally:
        os._exit(0)


def serve(receive: Receive, send: Send) -> None:
    """Run one job after another until no more come."""
    printed = Tail()
    sys.stdout = sys.stderr = printed
    surroundings.install()
    pretrained.install()
    elsewhere.install(str(Path.cwd()))
    job = receive()
    while True:
        job = run(job, receive, send, printed)


def run(job: dict[str, Any], receive: Receive, send: Send, printed: Tail) -> dict[str, Any]:
    """Run cells, then probes beside them, each request once the one before is answered.

    Returns the next job.
    """
    elsewhere.USED.clear()
    stand_ins = [loaded(code, name) for name, code in job["stand_ins"].items()]
    own = {name: sys.modules.pop(name) for name in ours()}
    recorder = recorder_for(job["record"])
    namespace, told = run_cells(job, stand_ins, getattr(recorder, "step", None))
    send({**told, "printed": printed.getvalue()})

    request = receive()
    if "answer" in request:  # nothing was there to be probed
        sys.modules.update(own)
        return request
    sys.modules.update(own)
    for name, code in request["modules"].items():
        sys.modules[name] = loaded(code, name)
    probes = loaded(request["probes"], "probes")
    for name in ours():
        del sys.modules[name]
    while "calls" in (request := receive()):
        for call in request["calls"]:
            with recorder or contextlib.nullcontext():
                said = outcome(getattr(probes, call["probe"]), namespace, call["inputs"])
            send(said)
            if recorder:
                send({"kept": recorder.kept})
        send({"printed": printed.getvalue(), "elsewhere": bool(elsewhere.USED)})
    sys.modules.update(own)
    return request


def ours() -> list[str]:
    """Our own modules, which an answer does not find: it could change what probes use of them."""
    return [name for name in sys.modules if name.partition(".")[0] == "autograder"]


def recorder_for(sizes: list[int] | None) -> Recorder | Steps | None:
    """What records calls: the steps of the reference, or all arrays of some sizes; or nothing."""
    if sizes is None:
        return None
    return Recorder(frozenset(sizes)) if sizes else Steps()


def loaded(code: np.ndarray, name: str) -> types.ModuleType:
    """A module of the grader's, which is imported nowhere."""
    module = types.ModuleType(name)
    with torch._C.DisableTorchFunction():  # its devices are what it says
        exec(marshal.loads(code.tobytes()), module.__dict__)
    return module


def run_cells(
    job: dict[str, Any], stand_ins: Sequence[types.ModuleType], step: Any = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The namespace that the cells of a job leave, and what to tell of how they ran."""
    namespace = surroundings.namespace()
    if step:
        namespace["__step__"] = step
    sources = [job["answer"], *job["extras"], *job["others"]]
    on_gpu = any(map(A_GPU.search, sources))
    if on_gpu:
        quiet_cuda.install()
        mode: Any = OnCPU(as_asked=True)
        mode.__enter__()  # for good
    torch.default_generator.manual_seed(0)  # torch's own notes a seed for each GPU, slowly
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what given cells have to say is not the answer's
        for i, source in enumerate(job["given"]):
            run_definitions(source, namespace, f"<given {i}>")
    aside: list[Trouble] = []
    for i, source in enumerate(job["extras"]):
        aside += run_definitions(source, namespace, f"<extra {i}>")
    namespace["device"] = torch.device("cpu")
    for module in stand_ins:
        module.given(namespace)
    for i, source in enumerate(job["others"]):
        run_cell(source, namespace, f"<other {i}>")
    troubles = run_cell(job["answer"], namespace, ANSWER)
    missing = [name for name in job["names"] if name not in namespace]
    aside = [dataclasses.replace(t, line=None) for t in aside]  # not a line of the answer
    told = [dataclasses.asdict(t) for t in [*troubles, *aside][:5]]
    used = bool(elsewhere.USED)
    return namespace, {
        "missing": missing, "on_gpu": on_gpu, "elsewhere": used, "troubles": told,
    }  # fmt: skip


def outcome(probe: Any, namespace: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """What ``probe`` returned, or how it failed."""
    torch.default_generator.manual_seed(0)
    tensors = {
        k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()
    }
    try:
        result = probe(types.SimpleNamespace(**namespace), **tensors)
        wire.encode(result)
        return {"result": result}
    except BaseException as error:
        return {"trouble": dataclasses.asdict(trouble(error, ANSWER))}
