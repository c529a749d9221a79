"""Links and forms that the clients sign, used by somebody who has no credentials: a browser, or plain HTTP."""

import urllib.error
import urllib.request

import pytest
import requests

from pictures import png

KEY = "ü a+b%20.png"


@pytest.fixture
def published(s3, stack, outputs, folder_key):
    body = png(33, 44)
    s3.put_object(Bucket=stack.input, Key=folder_key + KEY, Body=body)
    outputs.await_thumbnails(folder_key + KEY, 33, 44)
    return folder_key + KEY, body


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def test_a_link_signed_by_boto3_gives_the_object(s3, stack, published):
    key, body = published
    # boto3 signs links with the older Signature Version 2 unless it is told otherwise.
    for client in (s3, stack.client("s3", signature_version="s3v4")):
        assert fetch(client.generate_presigned_url("get_object", Params={"Bucket": stack.input, "Key": key})) == body


def test_a_link_signed_by_the_cli_gives_the_object(stack, published):
    key, body = published
    url = stack.aws("s3", "presign", f"s3://{stack.input}/{key}").stdout.strip()
    assert fetch(url) == body


def test_a_link_for_another_key_is_refused(stack, published):
    key, _ = published
    url = stack.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": stack.input, "Key": key}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(url.replace(".png", ".jpg"))
    assert refused.value.code == 403


def test_a_picture_put_through_a_link_has_its_thumbnails(stack, outputs, folder_key):
    url = stack.client("s3", signature_version="s3v4").generate_presigned_url(
        "put_object", Params={"Bucket": stack.input, "Key": folder_key + KEY}
    )
    requests.put(url, data=png(55, 66), timeout=60).raise_for_status()
    outputs.await_thumbnails(folder_key + KEY, 55, 66)


def test_a_picture_posted_with_a_form_has_its_thumbnails(stack, outputs, folder_key):
    form = stack.client("s3", signature_version="s3v4").generate_presigned_post(
        stack.input,
        folder_key + "${filename}",
        Conditions=[["starts-with", "$key", folder_key], ["content-length-range", 1, 100_000]],
    )
    files = {"file": ("from a form.png", png(77, 88), "image/png")}
    requests.post(form["url"], data=form["fields"], files=files, timeout=60).raise_for_status()
    outputs.await_thumbnails(folder_key + "from a form.png", 77, 88)
