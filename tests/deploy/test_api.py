"""The thumbnail API of the deployed stack, through an API Gateway that knows nothing of the embedded one."""

import pytest
import requests
from aws import PROJECT

KEY = "api/a b+c 日本.jpg"
PATH = "api/a%20b%2Bc%20%E6%97%A5%E6%9C%AC.jpg"


@pytest.fixture(scope="module")
def ask(deployed):
    base, secret = deployed.api(), deployed.api_key()

    def ask(method, path, key=False, headers=None, **options):
        headers = {**(headers or {}), **({"x-api-key": secret} if key else {})}
        return requests.request(method, f"{base}/{path}", headers=headers, allow_redirects=False, timeout=60, **options)

    return ask


def test_the_function_answers_and_what_it_answers_for_the_page_is_whole(ask):
    assert ask("GET", "health").json()["status"] == "ok"
    for file, name in (("", "index.html"), ("page.css", "page.css"), ("page.js", "page.js"), ("calls.js", "calls.js")):
        answer = ask("GET", file)
        assert answer.status_code == 200
        assert answer.content == (PROJECT / "functions/api/page" / name).read_bytes()
    assert "/images" in ask("GET", "openapi.json").json()["paths"]


def test_writing_and_listing_take_the_key(ask):
    for method, path in (("GET", "images"), ("POST", "images"), ("DELETE", f"images/{PATH}"), ("GET", "failures")):
        refused = ask(method, path)
        assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"}), (method, path)
    assert ask("GET", "failures", key=True).json() == {"count": 0, "failures": []}


def test_a_picture_is_uploaded_read_at_any_size_and_deleted(deployed, ask):
    picture = (PROJECT / "samples/pictures/orientation-6.jpg").read_bytes()
    announced = ask("POST", "images", key=True, json={"key": KEY, "content_type": "image/jpeg", "bytes": len(picture)})
    assert announced.status_code == 201, announced.text
    upload = announced.json()["upload"]
    put = requests.request(upload["method"], upload["url"], data=picture, headers=upload["headers"], timeout=60)
    assert put.status_code == 200, put.text
    deployed.account.until("the manifest", lambda: ask("GET", f"manifests/{PATH}").json().get("status") == "ready")
    listed = ask("GET", "images", key=True, params={"prefix": "api/"}).json()["images"]
    assert [(image["key"], image["status"], len(image["thumbnails"])) for image in listed] == [(KEY, "ready", 3)]

    small = ask("GET", f"thumbnails/{PATH}?preset=small")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    assert small.content[:4] == b"RIFF", "bytes, and not their Base64"
    sized = ask("GET", f"thumbnails/{PATH}?w=50&h=50&fit=cover&format=png")
    assert sized.status_code == 200 and sized.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert sized.content[16:24] == bytes([0, 0, 0, 50, 0, 0, 0, 50])
    assert any(name.startswith("@") for name in deployed.keys(KEY)), deployed.keys(KEY)
    same = ask("GET", f"thumbnails/{PATH}?preset=small", headers={"if-none-match": small.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    wrong = ask("GET", f"thumbnails/{PATH}?w=ten")
    assert (wrong.status_code, wrong.headers["content-type"]) == (400, "application/problem+json")

    assert ask("DELETE", f"images/{PATH}", key=True).status_code == 204
    assert ask("GET", f"thumbnails/{PATH}?preset=small").status_code == 404
    deployed.account.until("the removal of its thumbnails", lambda: deployed.keys(KEY) == [])


def test_a_small_picture_is_uploaded_in_one_request(deployed, ask):
    picture = (PROJECT / "samples/pictures/dot.png").read_bytes()
    answer = ask("POST", "images?key=api/dot.png", key=True, data=picture, headers={"content-type": "image/png"})
    assert answer.status_code == 201, answer.text
    deployed.account.until("the thumbnails", lambda: "manifest.json" in deployed.keys("api/dot.png"))
    stored = deployed.account.aws("s3api", "head-object", "--bucket", deployed.outputs["InputBucketName"], "--key", "api/dot.png")
    assert (stored["ContentLength"], stored["ContentType"]) == (len(picture), "image/png"), "as it was sent, through API Gateway"


def test_another_sites_page_is_asked_for_no_key_before_it_may_ask(ask):
    preflight = ask("OPTIONS", "images", headers={"origin": "https://example.com", "access-control-request-method": "POST"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["allow"]
