"""The layer's bootstrap under `cargo lambda watch`: every event of samples/events, answered by `cargo lambda invoke`.

S3 is the embedded stack's. What each event must give is in samples/events/expected.toml, as for the function in its own stack.
"""

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import boto3

PROJECT = Path(__file__).resolve().parents[2]
EVENTS = PROJECT / "samples/events"
CARGO_LAMBDA = os.environ["CARGO_LAMBDA"]
# The pictures that the events speak of (layer/tests/function/events.rs uploads the same).
PICTURES = ("photo.jpg", "truncated.jpg", "a b+c ünï 日本.jpg")
PORT = "9123"
START_S = 600


def main():
    local = subprocess.Popen(
        [os.environ["TESTED_THUMBLINE"], "local", "--json", "--port", "0", "--api-port", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    watch = None
    try:
        stack = json.loads(local.stdout.readline())
        upload(stack)
        watch = start(stack)
        expected = tomllib.loads((EVENTS / "expected.toml").read_text(encoding="utf-8"))["event"]
        wrong = [line for event in expected if (line := mistake(event))]
        print("\n".join(wrong) or f"{len(expected)} events of samples/events answered as documented, by cargo lambda invoke")
        return 1 if wrong else 0
    finally:
        for process in filter(None, (watch, local)):
            process.terminate()
            process.wait()


def upload(stack):
    client = boto3.client(
        "s3",
        endpoint_url=stack["s3"],
        region_name=stack["region"],
        aws_access_key_id=stack["access_key_id"],
        aws_secret_access_key=stack["secret_access_key"],
    )
    for file in PICTURES:
        client.upload_file(PROJECT / "samples/pictures" / file, stack["input_bucket"], file)
    for file in PICTURES:
        client.get_waiter("object_exists").wait(
            Bucket=stack["output_bucket"], Key=f"{file}/manifest.json", WaiterConfig={"Delay": 1}
        )


def start(stack):
    variables = {
        "_HANDLER": "resize",
        "THUMBLINE_INPUT_BUCKET": stack["input_bucket"],
        "THUMBLINE_OUTPUT_BUCKET": stack["output_bucket"],
        "AWS_ENDPOINT_URL": stack["s3"],
        "AWS_REGION": stack["region"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
    }
    pairs = ",".join(f"{name}={value}" for name, value in variables.items())
    command = [CARGO_LAMBDA, "lambda", "watch", "--bin", "bootstrap", "--wait", "--ignore-changes", "--invoke-port", PORT]
    process = subprocess.Popen([*command, "--env-var", pairs], cwd=PROJECT, stdout=sys.stderr, stderr=sys.stderr)
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(PORT)), timeout=5).close()
            return process
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("cargo lambda watch did not start")
            time.sleep(0.2)


def invoke(file):
    command = [CARGO_LAMBDA, "lambda", "invoke", "bootstrap", "--invoke-port", PORT, "--data-file", EVENTS / file]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def mistake(event):
    """What is not as it should be; nothing otherwise."""
    done = invoke(event["file"])
    if "error" in event:
        holds = event["error"] in done.stdout + done.stderr and done.returncode != 0
    else:
        try:
            holds = understood(json.loads(done.stdout)) == {k: v for k, v in event.items() if k != "file"}
        except ValueError:
            holds = False
    return None if holds else f"{event['file']}: expected {event}, got {done.stdout}{done.stderr}"


def understood(answer):
    """An answer in the terms of expected.toml."""
    if "batchItemFailures" in answer:
        return {"failures": [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]}
    if "results" in answer:
        return {"results": {result["taskId"]: result["resultCode"] for result in answer["results"]}}
    outcomes = answer["outcomes"]
    if "key" not in outcomes[0]:
        return {"reason": outcomes[0]["reason"]}
    return {"outcomes": {outcome["key"]: outcome["outcome"] for outcome in outcomes}}


if __name__ == "__main__":
    sys.exit(main())
