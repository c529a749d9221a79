"""Uploads in parts, and many at once: what the clients do by themselves when there is much to do."""

import os

import pytest

from outputs import MANIFEST
from pictures import noise, png
from stack import eventually

WIDTH, HEIGHT = 4096, 3414


@pytest.fixture(scope="module")
def forty_megabytes():
    picture = noise(WIDTH, HEIGHT)
    assert len(picture) > 40 * 1024 * 1024
    return picture


def is_multipart(s3, bucket, key):
    # The ETag of an upload in parts ends in the number of its parts.
    return "-" in s3.head_object(Bucket=bucket, Key=key)["ETag"]


def test_forty_megabytes_uploaded_in_parts_by_the_cli(s3, stack, outputs, folder_key, forty_megabytes, tmp_path):
    file = tmp_path / "large.png"
    file.write_bytes(forty_megabytes)
    key = folder_key + "large ü+1.png"
    stack.aws("s3", "cp", file, f"s3://{stack.input}/{key}")
    assert is_multipart(s3, stack.input, key)
    manifest = outputs.await_thumbnails(key, WIDTH, HEIGHT, seconds=120)
    sizes = [(thumbnail["width"], thumbnail["height"]) for thumbnail in manifest["thumbnails"]]
    assert sizes == [(200, 200), (640, 533), (1280, 1067)]
    # And down again, which the CLI does with ranges.
    stack.aws("s3", "cp", f"s3://{stack.input}/{key}", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == forty_megabytes


def test_forty_megabytes_uploaded_and_copied_in_parts_by_boto3(s3, stack, outputs, folder_key, forty_megabytes, tmp_path):
    file = tmp_path / "large.png"
    file.write_bytes(forty_megabytes)
    key, copied = folder_key + "large.png", folder_key + "large copy.png"
    s3.upload_file(str(file), stack.input, key)
    assert is_multipart(s3, stack.input, key)
    s3.copy({"Bucket": stack.input, "Key": key}, stack.input, copied)
    assert is_multipart(s3, stack.input, copied)
    first = outputs.await_thumbnails(key, WIDTH, HEIGHT, seconds=120)
    second = outputs.await_thumbnails(copied, WIDTH, HEIGHT, seconds=120)
    assert [t["etag"] for t in first["thumbnails"]] == [t["etag"] for t in second["thumbnails"]]


def test_forty_megabytes_copied_between_keys_by_the_cli(s3, stack, outputs, folder_key, forty_megabytes):
    key, copied = folder_key + "from.png", folder_key + "to.png"
    s3.put_object(Bucket=stack.input, Key=key, Body=forty_megabytes)
    stack.aws("s3", "cp", f"s3://{stack.input}/{key}", f"s3://{stack.input}/{copied}")
    outputs.await_thumbnails(copied, WIDTH, HEIGHT, seconds=120)
    outputs.await_thumbnails(key, WIDTH, HEIGHT, seconds=120)


def test_an_upload_in_parts_that_is_given_up_leaves_nothing(s3, stack, outputs, folder_key):
    key = folder_key + "given-up.png"
    upload = s3.create_multipart_upload(Bucket=stack.input, Key=key)["UploadId"]
    s3.upload_part(Bucket=stack.input, Key=key, UploadId=upload, PartNumber=1, Body=png(100, 100))
    s3.abort_multipart_upload(Bucket=stack.input, Key=key, UploadId=upload)
    # Nothing tells of it, so nothing can be awaited but what was uploaded after it.
    s3.put_object(Bucket=stack.input, Key=folder_key + "later.png", Body=png(100, 100))
    outputs.await_thumbnails(folder_key + "later.png", 100, 100)
    assert outputs.of(key) == {}


def test_two_hundred_files_synchronised_come_and_go(s3, stack, outputs, folder_key, tmp_path):
    names = [f"album {n % 7}/ü {n:03}.png" for n in range(200)]
    for number, name in enumerate(names):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(png(30 + number, 40, colour=(number, 255 - number, 128)))
        # S3 keeps whole seconds, and a file of the same second would look newer than its copy there.
        os.utime(file, (1_700_000_000, 1_700_000_000))
    target = f"s3://{stack.input}/{folder_key}"
    stack.aws("s3", "sync", tmp_path, target)

    def manifests():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.output, Prefix=folder_key)
        return {item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"].endswith(MANIFEST)}

    expected = {f"{folder_key}{name}/{MANIFEST}" for name in names}
    eventually(lambda: manifests() == expected, lambda: f"200 manifests; there are {len(manifests())}", 120)
    for number, name in enumerate(names):
        outputs.await_thumbnails(folder_key + name, 30 + number, 40)

    # Nothing has changed, and nothing is uploaded.
    assert "upload" not in stack.aws("s3", "sync", tmp_path, target).stdout
    for name in names[::2]:
        (tmp_path / name).unlink()
    stack.aws("s3", "sync", "--delete", tmp_path, target)
    kept = {f"{folder_key}{name}/{MANIFEST}" for name in names[1::2]}
    eventually(lambda: manifests() == kept, lambda: f"100 manifests; there are {len(manifests())}", 120)
    for name in names[::2]:
        outputs.await_nothing(folder_key + name)
