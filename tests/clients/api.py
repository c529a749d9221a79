"""The thumbnail API, as somebody calls it who has read its documentation: by requests, which does what it is told with a
path, and by curl."""

import subprocess
from urllib.parse import quote

import requests


class Api:
    """An API under its base URL."""

    def __init__(self, base, key):
        self.base = base
        self.key = key
        self.session = requests.Session()

    def url(self, path):
        return f"{self.base}/{path}"

    def ask(self, method, path, key=False, headers=None, **options):
        """Sends a request without following where it is sent on to. `path` is encoded already."""
        headers = {**(headers or {}), **({"x-api-key": self.key} if key else {})}
        # requests would resolve `..` and encode a second time what is no URL to it.
        prepared = self.session.prepare_request(requests.Request(method, self.base, headers=headers, **options))
        query = prepared.url.partition("?")[2]
        prepared.url = self.url(path) + (f"?{query}" if query else "")
        return self.session.send(prepared, allow_redirects=False, timeout=60)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def curl(self, path, *arguments):
        """Status, headers in lower case, and body, by the program."""
        command = ["curl", "--silent", "--show-error", "--path-as-is", "--include", "--max-time", "60", *arguments, self.url(path)]
        answer = subprocess.run(command, capture_output=True, check=True).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        return int(first.split(" ")[1]), headers, body


def path_of(key):
    """A key as a path: every byte encoded that is not plain, slashes left as they are."""
    return quote(key, safe="/-._~")


def problem(answer, status):
    """What a problem document says, which has the form of RFC 9457."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "detail"} <= told.keys() and told["status"] == status, told
    return told
