"""Pictures come, change and go: the outputs follow, whatever client makes the change."""

import pytest
from botocore.exceptions import ClientError

from outputs import prefix
from pictures import noise, png
from stack import eventually


def test_an_overwrite_replaces_every_thumbnail(s3, stack, outputs, folder_key):
    key = folder_key + "changing.png"
    s3.put_object(Bucket=stack.input, Key=key, Body=png(900, 600, colour=(250, 10, 10)))
    first = outputs.await_thumbnails(key, 900, 600)
    s3.put_object(Bucket=stack.input, Key=key, Body=png(600, 900, colour=(10, 10, 250)))
    second = outputs.await_thumbnails(key, 600, 900)
    for older, newer in zip(first["thumbnails"], second["thumbnails"]):
        assert older["key"] == newer["key"] and older["etag"] != newer["etag"]


def test_the_same_bytes_make_the_same_thumbnails(s3, stack, outputs, folder_key):
    keys = [folder_key + "one.png", folder_key + "two.png"]
    for key in keys:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(300, 200))
    one, two = (outputs.await_thumbnails(key, 300, 200)["thumbnails"] for key in keys)
    assert [thumbnail["etag"] for thumbnail in one] == [thumbnail["etag"] for thumbnail in two]


def test_many_overwrites_in_a_row_end_with_the_last(s3, stack, outputs, folder_key):
    key = folder_key + "restless.png"
    for width in range(100, 130):
        s3.put_object(Bucket=stack.input, Key=key, Body=png(width, 100))
    outputs.await_thumbnails(key, 129, 100)


def test_a_corrupt_overwrite_leaves_a_rejection_and_no_thumbnail_of_the_older_picture(s3, stack, outputs, folder_key):
    key = folder_key + "spoilt.png"
    picture = noise(400, 300)
    s3.put_object(Bucket=stack.input, Key=key, Body=picture)
    outputs.await_thumbnails(key, 400, 300)
    s3.put_object(Bucket=stack.input, Key=key, Body=picture[: len(picture) // 2])
    assert outputs.await_rejection(key) in ("truncated", "corrupt")
    s3.put_object(Bucket=stack.input, Key=key, Body=picture)
    outputs.await_thumbnails(key, 400, 300)


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"A text that is called a picture.\n" * 100, b"\x89PNG\r\n\x1a\n"], ids=["empty", "newline", "text", "png-magic"]
)
def test_what_is_no_picture_is_rejected_with_a_reason(s3, stack, outputs, folder_key, body):
    key = folder_key + "no-picture.jpg"
    s3.put_object(Bucket=stack.input, Key=key, Body=body, ContentType="image/jpeg")
    assert outputs.await_rejection(key)


def test_a_copy_between_keys_has_thumbnails_of_its_own(stack, s3, outputs, folder_key):
    source, target = folder_key + "from a+b.png", folder_key + "to ü.png"
    s3.put_object(Bucket=stack.input, Key=source, Body=png(320, 240))
    stack.aws("s3", "cp", f"s3://{stack.input}/{source}", f"s3://{stack.input}/{target}")
    outputs.await_thumbnails(target, 320, 240)
    outputs.await_thumbnails(source, 320, 240)


def test_a_move_takes_the_thumbnails_along(stack, s3, outputs, folder_key):
    source, target = folder_key + "here.png", folder_key + "there.png"
    s3.put_object(Bucket=stack.input, Key=source, Body=png(320, 240))
    outputs.await_thumbnails(source, 320, 240)
    stack.aws("s3", "mv", f"s3://{stack.input}/{source}", f"s3://{stack.input}/{target}")
    outputs.await_thumbnails(target, 320, 240)
    outputs.await_nothing(source)


def test_rm_removes_the_thumbnails(stack, s3, outputs, folder_key):
    key = folder_key + "short-lived.png"
    s3.put_object(Bucket=stack.input, Key=key, Body=png(320, 240))
    outputs.await_thumbnails(key, 320, 240)
    stack.aws("s3", "rm", f"s3://{stack.input}/{key}")
    outputs.await_nothing(key)


def test_a_picture_removed_and_put_again_has_its_thumbnails(s3, stack, outputs, folder_key):
    key = folder_key + "flickering.png"
    for _ in range(10):
        s3.put_object(Bucket=stack.input, Key=key, Body=png(200, 100))
        s3.delete_object(Bucket=stack.input, Key=key)
    s3.put_object(Bucket=stack.input, Key=key, Body=png(100, 200))
    outputs.await_thumbnails(key, 100, 200)
    for _ in range(10):
        s3.put_object(Bucket=stack.input, Key=key, Body=png(200, 100))
        s3.delete_object(Bucket=stack.input, Key=key)
    outputs.await_nothing(key)


def test_many_pictures_removed_in_one_request_lose_their_thumbnails(s3, stack, outputs, folder_key):
    keys = [f"{folder_key}{n} & <{n}>.png" for n in range(20)]
    for key in keys:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(60, 40))
    for key in keys:
        outputs.await_thumbnails(key, 60, 40)
    s3.delete_objects(Bucket=stack.input, Delete={"Objects": [{"Key": key} for key in keys]})
    for key in keys:
        outputs.await_nothing(key)


def test_a_thumbnail_that_somebody_removed_comes_back_with_the_next_event(s3, stack, outputs, folder_key):
    key = folder_key + "tampered.png"
    body = png(320, 240)
    s3.put_object(Bucket=stack.input, Key=key, Body=body)
    outputs.await_thumbnails(key, 320, 240)
    s3.delete_object(Bucket=stack.output, Key=prefix(key) + "medium.webp")
    s3.copy_object(
        Bucket=stack.input,
        Key=key,
        CopySource={"Bucket": stack.input, "Key": key},
        MetadataDirective="REPLACE",
        Metadata={"touched": "yes"},
    )

    def medium():
        try:
            return s3.head_object(Bucket=stack.output, Key=prefix(key) + "medium.webp")
        except ClientError as refused:
            assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 404
            return None

    eventually(medium, "the thumbnail to come back")
    outputs.await_thumbnails(key, 320, 240)
