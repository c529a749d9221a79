"""Every legal key has its thumbnails at the documented place, through both clients, and no key reaches another's."""

import pytest

from outputs import MANIFEST, prefix
from pictures import png

KEYS = [
    "a b+c.jpg",
    "ünï/日本 😀.jpg",
    "x//y.jpg",
    "100%.png",
    "100%25.png",
    "..%2F.jpg",
    "a/b",
    "a",
    "a!",
    "&<>\"'.png",
    "k" * 896 + ".png",
    "k" * 1020 + ".png",
    "😀" * 255 + "😀",
]
# What no file on a disk may be called, or may not be reached by.
HOSTILE_KEYS = ["../../escape.png", "/lead.png", ".", "..", "a/../b.png", "x/./y.png", "line\nfeed.png", "%00.png", "~/x"]


def name(key):
    return key if len(key) < 40 else f"{key[:8]}…{len(key.encode())}-bytes"


@pytest.mark.parametrize("key", KEYS, ids=name)
def test_a_picture_put_by_boto3_has_its_thumbnails(s3, stack, outputs, key):
    s3.put_object(Bucket=stack.input, Key=key, Body=png(64, 48, colour=(len(key) % 256, 90, 30)))
    outputs.await_thumbnails(key, 64, 48)


@pytest.mark.parametrize("key", KEYS, ids=name)
def test_a_picture_copied_by_the_cli_has_its_thumbnails(stack, outputs, tmp_path, key):
    file = tmp_path / "picture.png"
    file.write_bytes(png(72, 54, colour=(30, len(key) % 256, 90)))
    stack.aws("s3", "cp", file, f"s3://{stack.input}/{key}")
    outputs.await_thumbnails(key, 72, 54)


@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=repr)
def test_a_key_that_no_file_can_have_has_its_thumbnails(s3, stack, outputs, key):
    s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 40))
    outputs.await_thumbnails(key, 40, 40)


@pytest.mark.parametrize(
    "key, fits",
    [("k" * 1010, True), ("k" * 1011, False), ("日" * 336, True), ("日" * 337, False), ("~/" + "0" * 62, False)],
    ids=["1010-bytes", "1011-bytes", "1008-bytes-of-han", "1011-bytes-of-han", "like-a-hash"],
)
def test_the_longest_key_that_leaves_room_for_a_manifest_keeps_its_outputs(s3, stack, outputs, key, fits):
    assert (prefix(key) == f"{key}/") == fits
    s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 30))
    outputs.await_thumbnails(key, 40, 30)


def test_removing_one_of_two_related_keys_leaves_the_other(s3, stack, outputs):
    for key in ("related", "related/b", "related/b/c.png"):
        s3.put_object(Bucket=stack.input, Key=key, Body=png(50, 40))
    for key in ("related", "related/b", "related/b/c.png"):
        outputs.await_thumbnails(key, 50, 40)
    s3.delete_object(Bucket=stack.input, Key="related")
    outputs.await_nothing("related")
    outputs.await_thumbnails("related/b", 50, 40)
    s3.delete_object(Bucket=stack.input, Key="related/b/c.png")
    outputs.await_nothing("related/b/c.png")
    outputs.await_thumbnails("related/b", 50, 40)


def test_all_keys_are_listed_as_they_were_put(s3, stack, outputs):
    for key in KEYS + HOSTILE_KEYS:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 40))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.input, PaginationConfig={"PageSize": 3})
    listed = [item["Key"] for page in pages for item in page["Contents"]]
    assert set(KEYS + HOSTILE_KEYS) <= set(listed)
    assert listed == sorted(listed, key=str.encode)
    for key in KEYS + HOSTILE_KEYS:
        outputs.await_thumbnails(key, 40, 40)


@pytest.mark.parametrize("key", KEYS + HOSTILE_KEYS, ids=name)
def test_a_removed_picture_has_no_outputs(s3, stack, outputs, key):
    s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 40))
    outputs.await_thumbnails(key, 40, 40)
    s3.delete_object(Bucket=stack.input, Key=key)
    outputs.await_nothing(key)


def test_nothing_lies_outside_of_the_data_folder(s3, stack, outputs, place):
    for key in HOSTILE_KEYS:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(40, 40))
        outputs.await_thumbnails(key, 40, 40)
    s3.put_object(Bucket=stack.input, Key=f"..{place.root}/absolute.png", Body=png(40, 40))
    s3.put_object(Bucket=stack.input, Key=f"{place.root}/absolute.png", Body=png(40, 40))
    outputs.await_thumbnails(f"{place.root}/absolute.png", 40, 40)
    assert place.strays() == []
    # Nor does a key become a name inside of it, where two keys might become the same one.
    assert [path for path in place.data.rglob("*") if "escape" in path.name or MANIFEST in path.name] == []
