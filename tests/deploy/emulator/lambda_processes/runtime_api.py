"""Lambda's Runtime API for one process: what it asks for the next invocation, and whom it answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What a process said to an invocation, or to being started."""

    body: bytes
    is_error: bool


@dataclass
class Invocation:
    request_id: str
    payload: bytes
    function_arn: str
    timeout_s: float
    trace_id: str | None = None
    answers: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)


class RuntimeApi:
    """Listens on a port of this machine until it is closed."""

    def __init__(self):
        self.first_call_at = None  # by time.monotonic()
        self.start_failure = None  # what the process said instead of asking for work
        self.asked = threading.Event()  # set by either
        self._waiting = queue.Queue()
        self._running = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        """What AWS_LAMBDA_RUNTIME_API must be."""
        return f"127.0.0.1:{self._server.server_port}"

    def offer(self, invocation):
        """The next that the process gets when it asks. Its answer comes to `invocation.answers`."""
        self._running[invocation.request_id] = invocation
        self._waiting.put(invocation)

    def forget(self, invocation):
        self._running.pop(invocation.request_id, None)

    def close(self):
        # Whoever waits for work is told that there is none.
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def next(self):
        if self.first_call_at is None:
            self.first_call_at = time.monotonic()
        self.asked.set()
        return self._waiting.get()

    def take(self, path, body):
        """A POST. False where nobody waits for it."""
        *_, subject, verb = path.strip("/").split("/")
        if (subject, verb) == ("init", "error"):
            self.start_failure = body
            self.asked.set()
            return True
        invocation = self._running.get(subject)
        if invocation is None or verb not in ("response", "error"):
            return False
        invocation.answers.put(Answer(body, is_error=verb == "error"))
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A process that was killed asks for nothing more.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(api):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            invocation = api.next()
            if invocation is None:
                self.close_connection = True
                return
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout_s) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Content-Type": "application/json",
            }
            if invocation.trace_id:
                headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
            self.answer(200, headers, invocation.payload)

        def do_POST(self):
            taken = api.take(self.path, self.body())
            self.answer(202 if taken else 403, {"Content-Type": "application/json"}, b'{"status":"OK"}' if taken else b"{}")

        def answer(self, status, headers, body):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            chunks = []
            while length := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(length))
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers
                pass
            return b"".join(chunks)

        def log_message(self, *_):
            pass

    return Handler
