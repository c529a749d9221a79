"""Every route of the thumbnail API, through API Gateway, with the real function behind it."""

import json
import re
import shutil

import pytest
import requests

from api import Api, path_of, problem
from outputs import PRESETS
from pictures import noise, png, webp_size
from stack import REPOSITORY, eventually

PHOTO = (REPOSITORY / "samples/pictures/photo.jpg").read_bytes()
FORBIDDEN = {"message": "Forbidden"}


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.api, stack.api_key)


@pytest.fixture
def picture(s3, stack, outputs, folder_key):
    """A picture that has its thumbnails: its key."""
    key = folder_key + "ü a+b%20 日本.jpg"
    s3.put_object(Bucket=stack.input, Key=key, Body=PHOTO)
    outputs.await_thumbnails(key, 4000, 3000)
    return key


def jpeg_size(picture):
    """Width and height in the frame header of a baseline or progressive JPEG (ITU-T T.81, B.2.2)."""
    frame = re.search(rb"\xff[\xc0\xc2]\x00\x11\x08(....)", picture, re.DOTALL)
    height, width = frame[1][:2], frame[1][2:]
    return int.from_bytes(width), int.from_bytes(height)


def test_health_and_documents_are_open_to_everybody(api):
    health = api.get("health")
    assert health.status_code == 200 and health.json()["status"] == "ok"
    document = api.get("openapi.json")
    assert document.status_code == 200 and document.json()["openapi"].startswith("3.")
    assert "/thumbnails/{key}" in document.json()["paths"]
    docs = api.get("docs")
    assert docs.status_code == 200 and docs.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("file, kind", [("", "text/html"), ("page.css", "text/css"), ("page.js", "text/javascript"), ("calls.js", "text/javascript")])
def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in(api, file, kind):
    answer = api.get(file)
    assert answer.status_code == 200 and answer.headers["content-type"] == f"{kind}; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_address_alone_leads_to_the_page(api):
    answer = requests.get(api.base.removesuffix("v1"), timeout=60)
    assert answer.url == f"{api.base}/" and "<h1>Thumbline</h1>" in answer.text


def test_a_presets_thumbnail_is_what_the_bucket_has(api, s3, stack, picture):
    for preset in PRESETS:
        answer = api.get(f"thumbnails/{path_of(picture)}", params={"preset": preset})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
        stored = s3.get_object(Bucket=stack.output, Key=f"{picture}/{preset}.webp")["Body"].read()
        assert answer.content == stored
        assert answer.headers["etag"] and answer.headers["cache-control"] and int(answer.headers["age"]) >= 0
        source = s3.head_object(Bucket=stack.input, Key=picture)["ETag"].strip('"')
        assert answer.headers["x-thumbline-source-etag"].strip('"') == source


def test_any_size_is_made_stored_and_served_again(api, outputs, picture):
    path = f"thumbnails/{path_of(picture)}"
    asked = {"w": 123, "h": 77, "fit": "cover", "q": 50, "format": "jpeg"}
    first = api.get(path, params=asked)
    assert first.status_code == 200 and first.headers["content-type"] == "image/jpeg"
    assert jpeg_size(first.content) == (123, 77)
    stored = [key for key in outputs.of(picture) if "/@" in key]
    assert len(stored) == 1 and stored[0].endswith(".jpg"), stored
    again = api.get(path, params=asked)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert [key for key in outputs.of(picture) if "/@" in key] == stored
    twice = api.get(path, params={"w": 100, "dpr": 2, "format": "webp"})
    assert webp_size(twice.content) == (200, 150)


@pytest.mark.parametrize(
    "accept, kind",
    [
        ("image/avif,image/webp,*/*", "image/avif"),
        ("image/webp,*/*;q=0.8", "image/webp"),
        ("image/avif;q=0,image/webp;q=0.5", "image/webp"),
        ("*/*", "image/jpeg"),
        ("image/png,image/jpeg", "image/jpeg"),
    ],
)
def test_the_format_follows_accept(api, picture, accept, kind):
    answer = api.get(f"thumbnails/{path_of(picture)}", params={"w": 64, "format": "auto"}, headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert "accept" in answer.headers["vary"].lower()


def test_who_has_the_thumbnail_is_told_so_and_head_tells_of_it_without_it(api, picture):
    path = f"thumbnails/{path_of(picture)}?preset=small"
    full = api.get(path)
    same = api.get(path, headers={"if-none-match": full.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", full.headers["etag"])
    other = api.get(path, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, full.content)
    head = api.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["etag"], head.headers["content-type"]) == (full.headers["etag"], "image/webp")


def test_a_new_source_is_served_at_once_and_a_removed_one_is_gone_with_all_its_sizes(api, s3, stack, outputs, picture):
    path = f"thumbnails/{path_of(picture)}"
    old = api.get(path, params={"w": 50, "format": "png"})
    s3.put_object(Bucket=stack.input, Key=picture, Body=png(300, 100))
    # Not after waiting for the upload's own event: this request must not answer with the older source's thumbnail.
    new = api.get(path, params={"w": 50, "format": "png"})
    assert new.status_code == 200 and new.headers["etag"] != old.headers["etag"]
    assert int.from_bytes(new.content[20:24]) == 17, "a picture of 300 × 100 at 50 pixels' width"
    s3.delete_object(Bucket=stack.input, Key=picture)
    problem(api.get(path, params={"w": 50, "format": "png"}), 404)
    problem(api.get(path, params={"preset": "small"}), 404)
    eventually(lambda: not outputs.of(picture), lambda: f"nothing left of it: {outputs.of(picture)}")


def test_a_missing_presets_thumbnail_is_made_on_the_spot_with_all_the_others(api, s3, stack, outputs, picture):
    for name in outputs.of(picture):
        s3.delete_object(Bucket=stack.output, Key=name)
    answer = api.get(f"thumbnails/{path_of(picture)}", params={"preset": "medium"})
    assert answer.status_code == 200 and webp_size(answer.content) == (640, 480)
    outputs.await_thumbnails(picture, 4000, 3000)


def test_what_is_too_large_for_an_answer_is_a_link_to_it(api, s3, stack, folder_key):
    key = folder_key + "noise.png"
    s3.put_object(Bucket=stack.input, Key=key, Body=noise(1400, 1200))
    small = api.get(f"thumbnails/{key}", params={"w": 1200, "format": "png"})
    assert small.status_code == 200 and 3_000_000 < len(small.content) <= 4_500_000
    large = api.get(f"thumbnails/{key}", params={"w": 1400, "format": "png"})
    assert (large.status_code, large.content) == (302, b"")
    found = requests.get(large.headers["location"], timeout=60)
    assert found.status_code == 200 and len(found.content) > 4_500_000 and found.headers["content-type"] == "image/png"


def test_what_is_no_picture_says_so(api, s3, stack, folder_key):
    for file, status in [("truncated.jpg", 422), ("text.jpg", 415), ("bomb.png", 413)]:
        key = folder_key + file
        s3.put_object(Bucket=stack.input, Key=key, Body=(REPOSITORY / "samples/pictures" / file).read_bytes())
        problem(api.get(f"thumbnails/{path_of(key)}", params={"w": 50}), status)


@pytest.mark.parametrize(
    "query, parameter",
    [("preset=huge", "preset"), ("w=0", "w"), ("w=10&h=ten", "h"), ("w=10&q=101", "q"), ("w=10&format=svg", "format")],
)
def test_a_mistake_names_the_parameter_and_what_it_may_be(api, picture, query, parameter):
    told = problem(api.get(f"thumbnails/{path_of(picture)}?{query}"), 400)
    assert told["parameter"] == parameter, told


def test_a_manifest_says_how_a_source_stands(api, s3, stack, picture, folder_key):
    manifest = api.get(f"manifests/{path_of(picture)}").json()
    assert (manifest["status"], manifest["source"]["key"]) == ("ready", picture)
    for candidate in manifest["srcset"].split(", "):
        url, width = candidate.split(" ")
        assert requests.get(url, timeout=60).status_code == 200 and width.endswith("w")
    s3.put_object(Bucket=stack.input, Key=folder_key + "no.jpg", Body=b"no picture")
    rejected = eventually(
        lambda: (told := api.get(f"manifests/{path_of(folder_key)}no.jpg").json())["status"] == "rejected" and told, "rejected"
    )
    assert rejected["reason"] and rejected["message"]
    problem(api.get(f"manifests/{path_of(folder_key)}gone.jpg"), 404)


def test_images_are_listed_page_by_page_with_what_became_of_each(api, s3, stack, outputs, folder_key):
    keys = sorted(folder_key + name for name in ("a.png", "b/c.png", "d e.png", "ü.png", "z.png"))
    for number, key in enumerate(keys):
        s3.put_object(Bucket=stack.input, Key=key, Body=png(20 + number, 20))
    for number, key in enumerate(keys):
        outputs.await_thumbnails(key, 20 + number, 20)
    found, cursor = [], None
    while True:
        page = api.get("images", key=True, params={"prefix": folder_key, "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["images"]) <= 2
        found += page["images"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert [image["key"] for image in found] == keys
    for image in found:
        assert (image["status"], len(image["thumbnails"])) == ("ready", len(PRESETS)), image
        assert image["bytes"] > 0 and image["etag"] and image["last_modified"] and image["thumbhash"]
        assert requests.get(image["thumbnails"][0]["url"], timeout=60).status_code == 200


def test_an_upload_that_was_announced_is_taken_as_announced_and_not_otherwise(api, outputs, folder_key):
    key, body = folder_key + "ü +%.png", png(31, 41)
    announced = api.ask("POST", "images", key=True, json={"key": key, "content_type": "image/png", "bytes": len(body)})
    assert announced.status_code == 201, announced.text
    upload = announced.json()["upload"]
    send = lambda data, **headers: requests.request(  # noqa: E731
        upload["method"], upload["url"], data=data, headers={**upload["headers"], **headers}, timeout=60
    )
    assert send(body + b"more").status_code == 403, "another length"
    assert send(body, **{"content-type": "text/html"}).status_code == 403, "another type"
    assert send(body).status_code == 200
    outputs.await_thumbnails(key, 31, 41)
    manifest = announced.json()["manifest"]
    assert requests.get(manifest, timeout=60).json()["source"]["key"] == key


def test_a_small_picture_is_uploaded_in_one_request(api, outputs, folder_key):
    key, body = folder_key + "small one.png", png(32, 42)
    answer = api.ask("POST", "images", key=True, params={"key": key}, data=body, headers={"content-type": "image/png"})
    assert (answer.status_code, answer.json()["key"]) == (201, key), answer.text
    outputs.await_thumbnails(key, 32, 42)


def test_what_is_too_large_is_refused_with_the_way_to_do_it(api, folder_key):
    headers = {"content-type": "image/png"}
    upload = {"params": {"key": folder_key + "large.png"}, "headers": headers, "key": True}
    told = problem(api.ask("POST", "images", data=bytes(4_500_001), **upload), 413)
    assert "content_type and bytes" in told["detail"]
    # Above Lambda's limit and above API Gateway's, it does not reach the function.
    for size in (5_000_000, 10 * 1024 * 1024 + 1):
        answer = api.ask("POST", "images", data=bytes(size), **upload)
        assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"}), size


def test_a_picture_is_deleted_and_its_thumbnails_follow(api, outputs, s3, stack, picture):
    assert api.ask("DELETE", f"images/{path_of(picture)}", key=True).status_code == 204
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.input, Prefix=picture)
    eventually(lambda: not outputs.of(picture), "nothing left of it")


def test_failures_are_shown_and_redriven(api, stack):
    event = json.loads((REPOSITORY / "samples/events/s3-other-bucket.json").read_text(encoding="utf-8"))
    event["Records"][0]["s3"]["object"]["key"] = "look-for-this-one.jpg"
    stack.client("lambda").invoke(FunctionName="thumbline-resize", InvocationType="Event", Payload=json.dumps(event).encode())

    def mine():
        told = api.get("failures", key=True).json()
        return [failure for failure in told["failures"] if failure["key"] == "look-for-this-one.jpg"], told["count"]

    failures, count = eventually(lambda: (found := mine())[0] and found, "the failure")
    assert count >= 1 and failures[0]["id"] and failures[0]["reason"] and failures[0]["message"] and failures[0]["at"]
    again = api.ask("POST", "failures/redrive", key=True).json()
    mine_again = [outcome for outcome in again["redriven"] if outcome["key"] == "look-for-this-one.jpg"]
    assert [outcome["outcome"] for outcome in mine_again] == ["retry"] and again["left"] >= 1, again
    # It is about a bucket that this stack has nothing to do with: nothing will ever become of it.
    queue = stack.client("sqs")
    queue.purge_queue(QueueUrl=stack.failure_queue)


@pytest.mark.parametrize(
    "method, path",
    [("GET", "images"), ("POST", "images"), ("DELETE", "images/a.jpg"), ("GET", "failures"), ("POST", "failures/redrive")],
)
def test_without_the_key_nothing_is_listed_written_or_removed(api, method, path):
    refused = api.ask(method, path)
    assert (refused.status_code, refused.json()) == (403, FORBIDDEN)
    wrong = api.ask(method, path, headers={"x-api-key": "wrong"})
    assert (wrong.status_code, wrong.json()) == (403, FORBIDDEN)
    # The same by ways that API Gateway takes for others, where the function itself must refuse.
    for other in (path.replace("i", "%69", 1), path.replace("/", "%2F"), f"%2E/../{path}"):
        if other != path:
            answer = api.ask(method, other)
            assert answer.status_code in (403, 404), (other, answer.status_code)


def test_a_method_that_there_is_not_is_answered_with_those_that_there_are(api):
    told = api.ask("PUT", "health")
    assert problem(told, 405) and {"GET", "HEAD"} <= set(told.headers["allow"].split(", "))
    problem(api.get("nothing/here"), 404)


def test_another_sites_page_gets_no_leave_unless_it_is_named(api, picture):
    origin = {"origin": "https://example.com"}
    preflight = api.ask("OPTIONS", "images", headers={**origin, "access-control-request-method": "POST"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["allow"]
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in api.get(f"thumbnails/{path_of(picture)}?preset=small", headers=origin).headers


# Browsers and requests resolve segments of dots before they send them; curl does what it is told.
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize(
    "name, path",
    [
        ("a/../b.png", "a/../b.png"),
        ("../../etc/passwd.png", "../../etc/passwd.png"),
        ("a//b.png", "a//b.png"),
        ("a/b.png", "a%2Fb.png"),
        ("a+b.png", "a+b.png"),
        ("a b.png", "a%20b.png"),
        ("a%2Fb.png", "a%252Fb.png"),
        ("?w=1&#.png", "%3Fw=1%26%23.png"),
        ("ü.png", "%C3%BC.png"),
        ("./.png", "./.png"),
    ],
)
def test_a_key_is_a_key_whatever_it_looks_like(api, s3, stack, folder_key, name, path):
    s3.put_object(Bucket=stack.input, Key=folder_key + name, Body=png(40, 30))
    status, headers, body = api.curl(f"thumbnails/{folder_key}{path}?w=20&format=webp")
    assert (status, headers["content-type"]) == (200, "image/webp"), body
    assert webp_size(body) == (20, 15)
    status, _, body = api.curl(f"manifests/{folder_key}{path}")
    assert status == 200 and json.loads(body)["source"]["key"] == folder_key + name


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_examples_of_the_documentation_work_with_curl(api, stack, outputs, folder_key, tmp_path):
    file, key = tmp_path / "p.png", folder_key + "curl.png"
    file.write_bytes(png(64, 48))
    secret = ("--header", f"x-api-key: {stack.api_key}")
    status, _, body = api.curl(f"images?key={key}", *secret, "--header", "content-type: image/png", "--data-binary", f"@{file}")
    assert status == 201, body
    outputs.await_thumbnails(key, 64, 48)
    status, headers, body = api.curl(f"thumbnails/{key}?preset=small", "--header", "accept-encoding: gzip")
    assert status == 200 and webp_size(body) == (64, 48), headers
    status, headers, body = api.curl(f"thumbnails/{key}?preset=small", "--header", f"if-none-match: {headers['etag']}")
    assert (status, body) == (304, b"")
    status, _, body = api.curl(f"images/{key}", "--request", "DELETE", *secret)
    assert (status, body) == (204, b"")
