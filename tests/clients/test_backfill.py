"""Pictures whose events are long over or have failed: `thumbline backfill` and `thumbline redrive` through the function."""

import json

import pytest

from pictures import png
from stack import REPOSITORY

PICTURES = REPOSITORY / "samples" / "pictures"


@pytest.fixture
def old_pictures(s3, stack, outputs, folder_key):
    """Pictures whose thumbnails are gone, one of them none, and one that has its thumbnails."""
    keys = [f"{folder_key}{n} %+ü.png" for n in range(25)]
    for key in keys:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(30, 20))
    spoilt = folder_key + "spoilt.jpg"
    s3.put_object(Bucket=stack.input, Key=spoilt, Body=(PICTURES / "truncated.jpg").read_bytes())
    for key in keys:
        outputs.await_thumbnails(key, 30, 20)
    outputs.await_rejection(spoilt)
    remove_outputs(s3, stack, folder_key, keep=keys[0])
    return folder_key, keys


def remove_outputs(s3, stack, prefix, keep):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.output, Prefix=prefix)
    for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
        if not key.startswith(keep + "/"):
            s3.delete_object(Bucket=stack.output, Key=key)


def test_backfill_via_lambda_has_the_function_make_what_is_missing_and_tells_the_truth(stack, old_pictures):
    prefix, keys = old_pictures
    code, lines = stack.thumbline("backfill", "--via", "lambda", "--prefix", prefix, "--rate", "100")
    summary = lines[-1]["summary"]
    assert code == 0, lines
    assert summary["before"] == {"current": 1, "missing": 25}
    assert (summary["sent"], summary["invocations"]) == (25, 2), "twenty to an invocation"
    assert summary["after"] == {"current": 25, "rejected": 1}
    code, lines = stack.thumbline("backfill", "--via", "lambda", "--prefix", prefix)
    summary = lines[-1]["summary"]
    assert (code, summary["sent"], summary["before"]) == (0, 0, {"current": 25, "rejected": 1})


def test_backfill_via_a_function_that_is_not_there_says_so(stack, old_pictures):
    prefix, _ = old_pictures
    code, lines = stack.thumbline("backfill", "--via", "lambda", "--prefix", prefix, "--function", "nobody")
    assert (code, lines) == (2, [])


def test_redrive_via_lambda_keeps_what_the_function_can_not_do(s3, stack, folder_key):
    record = json.loads((REPOSITORY / "samples" / "events" / "failure-record.json").read_text(encoding="utf-8"))
    place = record["requestPayload"]["Records"][0]["s3"]
    queue = stack.client("sqs")
    queue.purge_queue(QueueUrl=stack.failure_queue)
    place["object"]["key"], place["bucket"]["name"] = folder_key + "gone.jpg", stack.input
    bodies = [json.dumps(record)]
    place["bucket"]["name"] = "somebody-elses"
    bodies += [json.dumps(record), "no event"]
    for body in bodies:
        queue.send_message(QueueUrl=stack.failure_queue, MessageBody=body)
    code, lines = stack.thumbline("redrive", "--queue", stack.failure_queue, "--via", "lambda")
    assert code == 1
    assert [picture["outcome"] for line in lines[:-1] for picture in line["pictures"]] == ["removed"]
    stays = {line["reason"]: line["message"] for line in lines[:-1] if line["stays"]}
    assert set(stays) == {"Thumbline.Retry", "unreadable"}
    assert "unexpected_bucket" in stays["Thumbline.Retry"]
    left = queue.receive_message(QueueUrl=stack.failure_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    assert sorted(message["Body"] for message in left["Messages"]) == sorted(bodies[1:])
    queue.purge_queue(QueueUrl=stack.failure_queue)
