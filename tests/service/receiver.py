"""A server that webhooks are sent to, and that answers as a test says."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import NamedTuple


class Call(NamedTuple):
    """A request as it came; names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """A running server.

    Attributes:
        address, port: Where it listens.
        calls: What it was sent, as it comes.
        answers: Statuses of the next answers; 204 where there is none.
        location: Of answers that redirect.
    """

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port = address, port
        self.calls: Queue[Call] = Queue()
        self.answers: list[int] = []
        self.location = ""

    def next(self, within_s: float = 20) -> Call:
        """The next request."""
        return self.calls.get(timeout=within_s)


@contextmanager
def receiving(address: str = "127.0.0.1", port: int = 0) -> Iterator[Receiver]:
    """Serve while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            receiver.calls.put(Call(self.path, headers, body))

        def do_GET(self) -> None:  # whoever follows a redirect may come so
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((address, port), Handler) as server:
        receiver = Receiver(address, server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
