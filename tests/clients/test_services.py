"""Beside S3: the function and the failure queue answer the same clients, and only those with the right keys."""

import json
import tomllib

import pytest
from botocore.exceptions import ClientError

from pictures import png
from stack import REPOSITORY, eventually

EVENTS = REPOSITORY / "samples" / "events"
EXPECTED = tomllib.loads((EVENTS / "expected.toml").read_text(encoding="utf-8"))["event"]
FUNCTION = "thumbline-resize"


@pytest.fixture(scope="module")
def sample_pictures(s3, stack, outputs):
    """What the sample events are about, with its outputs up to date."""
    pictures = REPOSITORY / "samples" / "pictures"
    for key in ("photo.jpg", "truncated.jpg", "a b+c ünï 日本.jpg"):
        s3.put_object(Bucket=stack.input, Key=key, Body=(pictures / key).read_bytes())
    s3.delete_object(Bucket=stack.input, Key="gone.jpg")
    outputs.await_manifest("photo.jpg", "ready")
    outputs.await_manifest("a b+c ünï 日本.jpg", "ready")
    outputs.await_rejection("truncated.jpg")


def test_every_sample_event_is_expected_to_give_something():
    assert {event["file"] for event in EXPECTED} == {path.name for path in EVENTS.glob("*.json")}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda event: event["file"])
def test_invoking_the_function_with_a_sample_event_gives_the_documented_outcome(stack, sample_pictures, tmp_path, expected):
    answer_file = tmp_path / "answer.json"
    event = (EVENTS / expected["file"]).as_uri().removeprefix("file://")
    invoked = stack.aws(
        "lambda", "invoke", "--function-name", FUNCTION, "--payload", f"fileb://{event}", str(answer_file)
    )
    meta, answer = json.loads(invoked.stdout), json.loads(answer_file.read_text(encoding="utf-8"))
    assert meta["StatusCode"] == 200
    assert ("FunctionError" in meta) == ("error" in expected), (meta, answer)
    if "error" in expected:
        assert answer["errorType"] == expected["error"], answer
    elif "outcomes" in expected:
        assert {each["key"]: each["outcome"] for each in answer["outcomes"]} == expected["outcomes"], answer
    elif "reason" in expected:
        assert [(each["outcome"], each["reason"]) for each in answer["outcomes"]] == [("ignored", expected["reason"])]
    elif "failures" in expected:
        failures = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        assert failures == expected["failures"], answer
    else:
        results = {each["taskId"]: each["resultCode"] for each in answer["results"]}
        assert results == expected["results"], answer


@pytest.mark.parametrize("payload", [b"{", b"\xff\xfe", b"[1,", b"no JSON"], ids=repr)
def test_an_invocation_with_what_is_no_json_is_refused_and_the_function_lives_on(stack, sample_pictures, payload):
    client = stack.client("lambda")
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName=FUNCTION, Payload=payload)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
    put = (EVENTS / "s3-put.json").read_bytes()
    answer = json.loads(client.invoke(FunctionName=FUNCTION, Payload=put)["Payload"].read())
    assert answer["outcomes"][0]["outcome"] == "up_to_date"


def test_an_event_that_fails_for_good_lies_in_the_failure_queue_with_its_reason(stack):
    event = json.loads((EVENTS / "s3-other-bucket.json").read_text(encoding="utf-8"))
    event["Records"][0]["responseElements"] = {"x-amz-request-id": "LOOKFORTHISONE"}
    invoked = stack.client("lambda").invoke(
        FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert invoked["StatusCode"] == 202
    queue = stack.client("sqs")

    def found():
        answer = queue.receive_message(QueueUrl=stack.failure_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            record = json.loads(message["Body"])
            queue.delete_message(QueueUrl=stack.failure_queue, ReceiptHandle=message["ReceiptHandle"])
            if record["requestPayload"] == event:
                return record
        return None

    record = eventually(found, "the event in the failure queue")
    assert record["version"] == "1.0"
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].split(":function:")[1].startswith(FUNCTION)
    assert record["responsePayload"]["errorType"] == "Thumbline.Retry"


def test_an_upload_that_is_rejected_does_not_lie_in_the_failure_queue(s3, stack, outputs, folder_key):
    s3.put_object(Bucket=stack.input, Key=folder_key + "text.jpg", Body=b"no picture at all")
    outputs.await_rejection(folder_key + "text.jpg")
    queue = stack.client("sqs")
    answer = queue.receive_message(QueueUrl=stack.failure_queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
    assert [message for message in answer.get("Messages", []) if folder_key in message["Body"]] == []


WRONG = [
    ({"secret_access_key": "wrong"}, {"SignatureDoesNotMatch", "InvalidSignatureException"}),
    ({"access_key_id": "AKIANOBODY"}, {"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"}),
]


@pytest.mark.parametrize("credentials, codes", WRONG, ids=["wrong-secret", "unknown-key"])
def test_wrong_credentials_open_nothing(s3, stack, outputs, folder_key, credentials, codes):
    key = folder_key + "mine.png"
    s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 40))
    outputs.await_thumbnails(key, 40, 40)
    stranger = {service: stack.client(service, **credentials) for service in ("s3", "lambda", "sqs")}
    for attempt in (
        lambda: stranger["s3"].put_object(Bucket=stack.input, Key=key, Body=b"mine now"),
        lambda: stranger["s3"].get_object(Bucket=stack.input, Key=key),
        lambda: stranger["s3"].delete_object(Bucket=stack.input, Key=key),
        lambda: stranger["s3"].list_objects_v2(Bucket=stack.output),
        lambda: stranger["lambda"].invoke(FunctionName=FUNCTION, Payload=b"{}"),
        lambda: stranger["sqs"].receive_message(QueueUrl=stack.failure_queue),
    ):
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"]["Code"] in codes
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    outputs.await_thumbnails(key, 40, 40)


def test_the_cli_says_who_is_refused(stack):
    finished = stack.aws("s3", "ls", f"s3://{stack.input}/", "--no-sign-request", check=False)
    assert finished.returncode != 0
    assert "AccessDenied" in finished.stderr
