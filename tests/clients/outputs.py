"""What the stack must have made of a source: the documented keys, and a manifest that agrees with them.

Waiting is asking the bucket until it holds what must come, never a pause of some length.
"""

import hashlib
import json

from botocore.exceptions import ClientError

from pictures import webp_size
from stack import eventually

# functions/resize/package/thumbline.toml: `name`, widest, highest.
PRESETS = {"small": (200, 200), "medium": (640, None), "large": (1280, None)}
MANIFEST = "manifest.json"
LONGEST_KEY_BYTES = 1024


def prefix(key):
    """What the keys of a source's outputs begin with."""
    longest = max(len(name.encode()) for name in [MANIFEST, *(f"{preset}.webp" for preset in PRESETS)])
    if len(key.encode()) + 1 + longest > LONGEST_KEY_BYTES or key == "~" or key.startswith("~/"):
        return f"~/{hashlib.sha256(key.encode()).hexdigest()}/"
    return f"{key}/"


class Outputs:
    """The output bucket, as somebody sees it who knows the documentation."""

    def __init__(self, stack):
        self.s3 = stack.client("s3")
        self.source_bucket = stack.input
        self.bucket = stack.output

    def of(self, key):
        """Key and ETag of everything that lies directly under a source's prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix(key), Delimiter="/"
        )
        return {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}

    def manifest(self, key):
        """A source's manifest, or None."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=prefix(key) + MANIFEST)
        except ClientError as refused:
            if refused.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return json.loads(found["Body"].read())

    def await_manifest(self, key, status, seconds=60):
        """The manifest of the source as it is now, once it says `status`."""
        etag = self.s3.head_object(Bucket=self.source_bucket, Key=key)["ETag"].strip('"')

        def found():
            manifest = self.manifest(key)
            return manifest if manifest and manifest["source"]["etag"] == etag else None

        manifest = eventually(found, lambda: f"{key!r} {status}; its manifest is {self.manifest(key)}", seconds)
        assert manifest["status"] == status, manifest
        assert manifest["source"]["key"] == key
        return manifest

    def await_thumbnails(self, key, width, height, seconds=60):
        """Waits until a source is ready, and holds every output against its manifest and the documentation."""
        manifest = self.await_manifest(key, "ready", seconds)
        source = manifest["source"]
        assert (source["width"], source["height"]) == (width, height), manifest
        size = self.s3.head_object(Bucket=self.source_bucket, Key=key)["ContentLength"]
        assert source["bytes"] == size, manifest
        expected = {f"{prefix(key)}{preset}.webp": preset for preset in PRESETS}
        assert [thumbnail["key"] for thumbnail in manifest["thumbnails"]] == list(expected), manifest
        listed = self.of(key)
        assert set(listed) == {*expected, prefix(key) + MANIFEST}, listed
        for thumbnail in manifest["thumbnails"]:
            assert thumbnail["preset"] == expected[thumbnail["key"]]
            self._check_thumbnail(thumbnail, manifest, listed)
        return manifest

    def _check_thumbnail(self, thumbnail, manifest, listed):
        assert listed[thumbnail["key"]] == thumbnail["etag"], thumbnail
        got = self.s3.get_object(Bucket=self.bucket, Key=thumbnail["key"])
        body = got["Body"].read()
        assert len(body) == thumbnail["bytes"], thumbnail
        assert hashlib.md5(body).hexdigest() == thumbnail["etag"], thumbnail
        assert webp_size(body) == (thumbnail["width"], thumbnail["height"]), thumbnail
        assert got["ContentType"] == "image/webp"
        assert got["Metadata"]["source-etag"] == manifest["source"]["etag"]
        assert got["Metadata"]["recipe"] == manifest["recipe"]
        assert got["CacheControl"]
        widest, highest = PRESETS[thumbnail["preset"]]
        assert thumbnail["width"] <= widest and (highest is None or thumbnail["height"] <= highest), thumbnail

    def await_rejection(self, key, seconds=60):
        """Waits until a source is rejected, and requires that no thumbnail is left. Gives the reason's code."""
        manifest = self.await_manifest(key, "rejected", seconds)
        assert manifest["thumbnails"] == [], manifest
        assert manifest["message"], manifest
        assert set(self.of(key)) == {prefix(key) + MANIFEST}
        return manifest["reason"]

    def await_nothing(self, key, seconds=60):
        """Waits until nothing is left of a source's outputs."""
        eventually(lambda: not self.of(key), lambda: f"no outputs of {key!r}; there are {self.of(key)}", seconds)
