"""A local server that misbehaves as real ones do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Manners:
    """What a server does; requests are noted as (path, Range header or "")."""

    body: bytes = b""
    bodies: dict[str, bytes] = field(default_factory=dict)  # by the last part of the address
    cut_after: list[int] = field(default_factory=list)  # bytes sent before each cut, then no more
    ranges: bool = True
    statuses: list[int] = field(default_factory=list)  # errors to answer first
    lie_about_range: bool = False
    say_length: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [asked for _, asked in self.requests]


@contextmanager
def serve(manners: Manners) -> Iterator[str]:
    """The address of a server with these manners, stopped in the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            manners.requests.append((self.path, asked))
            body = manners.bodies.get(self.path.rpartition("/")[2], manners.body)
            if manners.statuses:
                self.send_error(manners.statuses.pop(0))
                return
            start = int(asked[len("bytes=") : -1]) if asked and manners.ranges else 0
            if start and start >= len(body):
                self.send_error(416)
                return
            rest = body[start:]
            if start:
                first = 0 if manners.lie_about_range else start
                self.send_response(206)
                end = len(body) - 1
                self.send_header("Content-Range", f"bytes {first}-{end}/{len(body)}")
            else:
                self.send_response(200)
            if manners.say_length:
                self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if manners.cut_after:
                rest = rest[: manners.cut_after.pop(0)]
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/file.bin"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
