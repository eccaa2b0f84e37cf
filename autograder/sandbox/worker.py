"""One job in one fresh process: a student's cells, then the probes. Nothing here is trusted."""

import dataclasses
import io
import os
import socket
import sys
import types
from typing import Any

import numpy as np
import torch

from autograder.sandbox import surroundings, wire
from autograder.sandbox.cells import Trouble, run_cell, run_definitions, trouble

ANSWER = "<answer>"
PRINTED = 4000


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
        serve(wire.decode(lambda n: stream.read(n), trusted=True), send)
    finally:
        os._exit(0)


def serve(job: dict[str, Any], send: Any) -> None:
    """Run the cells of ``job``, then its calls; send an outcome a call, and the rest at the end."""
    printed = Tail()
    sys.stdout = sys.stderr = printed
    surroundings.install()
    probes = types.ModuleType("probes")
    exec(compile(job["probes"], "<probes>", "exec"), probes.__dict__)

    namespace = surroundings.namespace()
    sources = [job["answer"], *job["extras"], *job["others"]]
    on_gpu = any("cuda" in source or "get_device" in source for source in sources)
    if on_gpu:
        mode: Any = surroundings.OnCPU()
        mode.__enter__()  # for good
    torch.manual_seed(0)
    for i, source in enumerate(job["given"]):
        run_definitions(source, namespace, f"<given {i}>")
    aside: list[Trouble] = []
    for i, source in enumerate(job["extras"]):
        aside += run_definitions(source, namespace, f"<extra {i}>")
    namespace["device"] = torch.device("cpu")
    if hasattr(probes, "given"):
        probes.given(namespace)
    for i, source in enumerate(job["others"]):
        run_cell(source, namespace, f"<other {i}>")
    troubles = run_cell(job["answer"], namespace, ANSWER)
    missing = [name for name in job["names"] if name not in namespace]

    for call in job["calls"]:
        if missing:
            first = troubles[0] if troubles else Trouble("NameError", None, missing[0])
            send({"trouble": dataclasses.asdict(first), "missing": missing})
            continue
        send(outcome(getattr(probes, call["probe"]), namespace, call["inputs"]))
    send({"end": True, "printed": printed.getvalue(), "on_gpu": on_gpu,
          "troubles": [dataclasses.asdict(t) for t in [*troubles, *aside][:5]]})  # fmt: skip


def outcome(probe: Any, namespace: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """What ``probe`` returned, or how it failed."""
    torch.manual_seed(0)
    tensors = {
        k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()
    }
    try:
        result = probe(types.SimpleNamespace(**namespace), **tensors)
        wire.encode(result)
        return {"result": result}
    except BaseException as error:
        return {"trouble": dataclasses.asdict(trouble(error, ANSWER))}
