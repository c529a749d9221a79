"""Holds the API against its OpenAPI document: Schemathesis, all checks, over `thumbline local`.

It uploads pictures of every kind, good and bad, lets Schemathesis make requests of the document, valid and invalid ones, and
fails if an answer is not as described, if anything is answered with 5xx, or if fewer requests were made than were asked for.
"""

import argparse
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/clients"))

import stack as local  # noqa: E402  (it lies with the tests of other clients)

PICTURES = ["photo.jpg", "alpha.png", "animation.gif", "transparent.webp", "truncated.jpg", "icon.svg", "bomb.png"]
#: Keys as they should be, and as they should not.
PREFIXES = ["", "a b+c/", "../", "%2e%2e/", "ü/日本/"]


def upload(stack):
    """Puts the pictures where the API finds them, and gives their keys."""
    s3 = stack.client("s3")
    keys = []
    for number, name in enumerate(PICTURES):
        key = PREFIXES[number % len(PREFIXES)] + name
        body = (REPOSITORY / "samples/pictures" / name).read_bytes()
        s3.put_object(Bucket=stack.input, Key=key, Body=body)
        keys.append(key)
    return keys


def run(stack, examples, seed, report):
    """Runs Schemathesis where it may keep what it likes, and gives its exit code."""
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{stack.api}/openapi.json"]
    command += ["--checks", "all", "--max-examples", str(examples), "--seed", str(seed), "--workers", "2"]
    command += ["--header", f"x-api-key:{stack.api_key}", "--continue-on-failure", "--no-color"]
    command += ["--report", "ndjson", "--report-ndjson-path", report]
    hooks = {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "SCHEMATHESIS_KEYS": "\n".join(upload(stack))}
    return subprocess.run(command, cwd=report.parent, env={**os.environ, **hooks}, check=False).returncode


def statuses(report):
    """How often each status was answered, from Schemathesis' own record."""
    counts = {}
    for line in report.read_text().splitlines():
        for status in found(json.loads(line), "status_code"):
            counts[status] = counts.get(status, 0) + 1
    return counts


def found(value, name):
    """All values of this name, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, int):
                yield inner
            else:
                yield from found(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from found(inner, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=400, help="at most so many requests for each operation and phase")
    parser.add_argument("--at-least", type=int, default=2000, help="fail if fewer requests were made than this")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        for name in ("data", "work", "tmp"):
            (place / name).mkdir()
        report = place / "report.ndjson"
        # The functions' logs are many lines for each request, and of interest only if something went wrong.
        with contextlib.redirect_stderr(io.StringIO()) as logs:
            stack = local.Stack.start(place / "data", place / "work", place / "tmp")
            try:
                code = run(stack, arguments.examples, arguments.seed, report)
                counts = statuses(report)
            finally:
                stack.stop()
    errors = [line for line in logs.getvalue().splitlines() if '"level":"ERROR"' in line or "panicked" in line]
    print("\n".join(errors[:20]), file=sys.stderr)
    total = sum(counts.values())
    print(f"{total} answers: " + ", ".join(f"{status} × {count}" for status, count in sorted(counts.items())))
    if code:
        return code
    if total < arguments.at_least:
        print(f"fewer than {arguments.at_least}: raise --examples", file=sys.stderr)
        return 1
    broken = [status for status in counts if status >= 500]
    if broken:
        print(f"answered with {broken}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
