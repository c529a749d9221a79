"""The layer for arm64 answers an invocation under qemu-user, and makes what the function of this machine's processor makes.

    arm64.py BOOTSTRAP

S3 is the embedded stack's, which makes the picture's thumbnails first; then they are removed, and the other bootstrap is given
the same event.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests/deploy/emulator/lambda_processes"))

from runtime_api import Invocation, RuntimeApi  # noqa: E402

KEY = "photo.jpg"
WAIT_S = 120
# Where Debian has the C library of arm64.
QEMU = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]


def main(bootstrap):
    local = subprocess.Popen(
        [os.environ["TESTED_THUMBLINE"], "local", "--json", "--port", "0", "--api-port", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        stack = json.loads(local.stdout.readline())
        client = boto3.client(
            "s3",
            endpoint_url=stack["s3"],
            region_name=stack["region"],
            aws_access_key_id=stack["access_key_id"],
            aws_secret_access_key=stack["secret_access_key"],
        )
        compare(bootstrap, stack, client)
    finally:
        local.terminate()
        local.wait()


def compare(bootstrap, stack, client):
    client.upload_file(PROJECT / "samples/pictures" / KEY, stack["input_bucket"], KEY)
    here = until(lambda: manifest(client, stack))
    outputs = client.list_objects_v2(Bucket=stack["output_bucket"])["Contents"]
    for entry in outputs:
        client.delete_object(Bucket=stack["output_bucket"], Key=entry["Key"])

    answer, took = invoke(bootstrap, stack)
    assert answer["outcomes"][0]["outcome"] == "made", answer
    there = manifest(client, stack)
    assert [t["preset"] for t in there["thumbnails"]] == [t["preset"] for t in here["thumbnails"]]
    assert (there["source"], there["recipe"]) == (here["source"], here["recipe"])
    same = sum(a["etag"] == b["etag"] for a, b in zip(here["thumbnails"], there["thumbnails"]))
    print(f"{json.dumps(answer)}\n{took:.1f} s under qemu, start included; {same} of {len(outputs) - 1} thumbnails have the same bytes")


def invoke(bootstrap, stack):
    """The answer of the bootstrap to S3's event, and the seconds from its start."""
    api = RuntimeApi()
    variables = {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "arm64",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/arm64",
        "AWS_LAMBDA_LOG_STREAM_NAME": "arm64",
        "AWS_REGION": stack["region"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
        "AWS_ENDPOINT_URL": stack["s3"],
        "_HANDLER": "resize",
        "LAMBDA_TASK_ROOT": str(PROJECT / "functions/resize/package"),
        "THUMBLINE_INPUT_BUCKET": stack["input_bucket"],
        "THUMBLINE_OUTPUT_BUCKET": stack["output_bucket"],
    }
    event = {"Records": [{"s3": {"bucket": {"name": stack["input_bucket"]}, "object": {"key": KEY}}}]}
    event["Records"][0] |= {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
    began = time.monotonic()
    process = subprocess.Popen([*QEMU, bootstrap], env=os.environ | variables, stdout=sys.stderr)
    try:
        invocation = Invocation("arm64", json.dumps(event).encode(), "arn:aws:lambda:us-east-1:000000000000:function:arm64", WAIT_S)
        api.offer(invocation)
        answer = invocation.answers.get(timeout=WAIT_S)
        assert not answer.is_error, answer.body
        return json.loads(answer.body), time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        api.close()


def manifest(client, stack):
    try:
        answer = client.get_object(Bucket=stack["output_bucket"], Key=f"{KEY}/manifest.json")
    except client.exceptions.NoSuchKey:
        return None
    return json.load(answer["Body"])


def until(ask):
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.1)
    sys.exit(f"nothing within {WAIT_S} s")


if __name__ == "__main__":
    main(sys.argv[1])
