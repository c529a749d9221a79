"""What becomes of pictures in the deployed stack, of an update, and of what the stack leaves behind. In this order."""

import json

THUMBNAILS = ["large.webp", "manifest.json", "medium.webp", "small.webp"]


def test_the_stack_says_where_everything_is(deployed):
    names = {"InputBucketName", "OutputBucketName", "FailureQueueUrl", "ResizeFunctionName", "BatchRoleArn"}
    assert names <= deployed.outputs.keys()
    function = deployed.function()
    assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "resize")
    assert function["CodeSize"] < 1024, "the function's package is its settings"
    assert function["Layers"][0]["CodeSize"] <= 8_000_000


def test_a_picture_becomes_thumbnails_and_its_removal_removes_them(deployed):
    key = "album/a b+c 日本.jpg"
    deployed.upload("orientation-6.jpg", key)
    deployed.account.until("the thumbnails", lambda: deployed.keys(key) == THUMBNAILS)
    bucket = deployed.outputs["OutputBucketName"]
    manifest = json.loads(json.dumps(deployed.account.aws("s3", "cp", f"s3://{bucket}/{key}/manifest.json", "-")))
    assert (manifest["status"], manifest["source"]["key"]) == ("ready", key)
    for thumbnail in manifest["thumbnails"]:
        head = deployed.account.aws("s3api", "head-object", "--bucket", bucket, "--key", thumbnail["key"])
        assert (head["ContentLength"], head["ContentType"]) == (thumbnail["bytes"], "image/webp")
        assert head["ServerSideEncryption"] == "AES256"

    deployed.account.aws("s3", "rm", f"s3://{deployed.outputs['InputBucketName']}/{key}")
    deployed.account.until("their removal", lambda: deployed.keys(key) == [])


def test_a_corrupt_picture_leaves_a_manifest_with_the_reason(deployed):
    deployed.upload("truncated.jpg")
    deployed.account.until("the manifest", lambda: deployed.keys("truncated.jpg") == ["manifest.json"])
    bucket = deployed.outputs["OutputBucketName"]
    manifest = deployed.account.aws("s3", "cp", f"s3://{bucket}/truncated.jpg/manifest.json", "-")
    assert (manifest["status"], manifest["reason"]) == ("rejected", "truncated")


def test_an_event_that_fails_all_its_attempts_is_kept_with_the_reason_and_can_be_redriven(deployed):
    aws, bucket = deployed.account.aws, deployed.outputs["OutputBucketName"]
    queue = deployed.outputs["FailureQueueUrl"]
    assert not aws("sqs", "receive-message", "--queue-url", queue), "nothing has failed so far"
    aws("s3", "rb", "--force", f"s3://{bucket}")
    deployed.upload("photo.jpg")
    receive = ["sqs", "receive-message", "--queue-url", queue, "--visibility-timeout", "0"]
    message = deployed.account.until("the failed event", lambda: aws(*receive), seconds=120)["Messages"][0]
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "photo.jpg"
    assert "no_such_bucket" in record["responsePayload"]["errorMessage"]

    aws("s3", "mb", f"s3://{bucket}")
    mapping = aws("lambda", "list-event-source-mappings")["EventSourceMappings"][0]
    assert mapping["State"] == "Disabled", "until somebody has mended what failed"
    aws("lambda", "update-event-source-mapping", "--uuid", mapping["UUID"], "--enabled")
    deployed.account.until("the thumbnails", lambda: deployed.keys("photo.jpg") == THUMBNAILS, seconds=120)
    deployed.account.until("an empty queue", lambda: not aws(*receive))
    aws("lambda", "update-event-source-mapping", "--uuid", mapping["UUID"], "--no-enabled")


def test_new_presets_are_a_new_version_and_leave_the_layer_alone(deployed):
    before = deployed.function()
    settings = deployed.folder / "functions/resize/package/thumbline.toml"
    settings.write_text('presets = ["card=120x90:cover:jpeg:q75"]\n', encoding="utf-8")
    deployed.deploy()
    after = deployed.function()
    assert int(after["Version"]) == int(before["Version"]) + 1
    assert after["CodeSha256"] != before["CodeSha256"] and after["CodeSize"] < 1024
    assert after["Layers"][0]["Arn"] == before["Layers"][0]["Arn"]
    versions = deployed.account.aws("lambda", "list-layer-versions", "--layer-name", "thumbline-engine")
    assert len(versions["LayerVersions"]) == 1

    deployed.upload("photo.jpg")
    expected = ["card.jpg", "manifest.json"]
    deployed.account.until("the new thumbnail alone", lambda: deployed.keys("photo.jpg") == expected)


def test_the_stack_goes_and_its_buckets_stay(deployed):
    deployed.account.sam("delete", "--no-prompts", "--region", "us-east-1", folder=deployed.folder)
    aws = deployed.account.aws
    said = aws("cloudformation", "list-stacks")["StackSummaries"]
    assert [stack["StackStatus"] for stack in said if stack["StackName"] == "thumbline"] == ["DELETE_COMPLETE"]
    assert aws("lambda", "list-functions")["Functions"] == []
    assert not aws("sqs", "list-queues")
    kept = {bucket["Name"] for bucket in aws("s3api", "list-buckets")["Buckets"]}
    assert {deployed.outputs["InputBucketName"], deployed.outputs["OutputBucketName"]} <= kept
    assert deployed.keys("photo.jpg") == ["card.jpg", "manifest.json"]
