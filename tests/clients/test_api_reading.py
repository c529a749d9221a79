"""Who may read: with an API key, with a signed URL, from another site, at the sizes that somebody has thought of."""

import base64
import hmac
import time
from urllib.parse import quote

import pytest

from api import Api, path_of, problem
from conftest import Place
from outputs import Outputs
from pictures import png
from stack import Stack

KEY = "photos/ü a+b.png"
SECRETS = {"new": b"n" * 32, "old": b"o" * 32}


@pytest.fixture(scope="module")
def stack_with(tmp_path_factory):
    """Starts stacks with parameters of their own, each with a picture in it."""
    started = []

    def start(**parameters):
        place = Place(tmp_path_factory.mktemp("reading"))
        stack = Stack.start(place.data, place.folder, place.temporary, **parameters)
        started.append(stack)
        stack.client("s3").put_object(Bucket=stack.input, Key=KEY, Body=png(400, 300))
        Outputs(stack).await_thumbnails(KEY, 400, 300)
        return Api(stack.api, stack.api_key)

    yield start
    for stack in started:
        stack.stop()


@pytest.fixture(scope="module")
def closed(stack_with):
    return stack_with(ApiReading="key", ApiPage="off")


@pytest.fixture(scope="module")
def signed(stack_with, tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text("".join(f"{name}:{base64.b64encode(secret).decode()}\n" for name, secret in SECRETS.items()), encoding="ascii")
    return stack_with(ApiReading="signed", ApiSigningSecret=f"file:{keys}", ApiSizes="100x")


def sign(path, key_id="new", expires=None, secret=None, **parameters):
    """The recipe of the documentation: a path with its query, signed."""
    parameters |= {"expires": expires or int(time.time()) + 60, "kid": key_id}
    query = "&".join(f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in sorted(parameters.items()))
    text = f"/{path_of(path)}?{query}"
    mac = hmac.digest(secret or SECRETS[key_id], text.encode(), "sha256")
    return f"{text[1:]}&signature={base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def test_where_reading_takes_a_key_there_is_none_without(closed):
    for kind in ("thumbnails", "manifests"):
        path = f"{kind}/{path_of(KEY)}" + ("?preset=small" if kind == "thumbnails" else "")
        assert closed.get(path).json() == {"message": "Forbidden"}
        assert closed.get(path, key=True).status_code == 200
        # API Gateway takes this for another resource, which needs no key. The function does not.
        problem(closed.get(path.replace("/", "%2F", 1)), 403)
    assert closed.get("health").status_code == 200


def test_where_the_page_is_off_there_is_none(closed):
    for path in ("", "page.css", "page.js", "calls.js"):
        problem(closed.get(path), 404)


@pytest.mark.parametrize("key_id", SECRETS)
def test_a_url_signed_with_either_key_opens_any_size(signed, key_id):
    answer = signed.get(sign(f"thumbnails/{KEY}", key_id, w=77, format="webp"))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
    assert signed.get(sign(f"manifests/{KEY}", key_id)).status_code == 200


def test_what_is_not_signed_as_it_is_opens_nothing(signed):
    path, good = f"thumbnails/{KEY}", sign(f"thumbnails/{KEY}", w=77)
    other = sign(path, w=77, secret=b"x" * 32)
    for refused in (
        f"{path_of(path)}?w=77",
        sign(path, expires=int(time.time()) - 1, w=77),
        other,
        good.replace("w=77", "w=78"),
        good.replace(".png", ".jpg"),
        good.replace("kid=new", "kid=old"),
        good.replace("kid=new", "kid=nobody"),
        good.replace("%2B", "%252B"),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good + "&w=77",
        good.replace("w=77", "w=77&q=5"),
        good + "x",
    ):
        problem(signed.get(refused), 403)
    assert signed.get(good).status_code == 200


def test_without_a_signature_an_allowed_size_is_not_open_where_reading_is_signed(signed):
    problem(signed.get(f"thumbnails/{path_of(KEY)}?w=100"), 403)


def test_strangers_get_the_sizes_that_are_allowed_and_no_others(stack_with):
    api = stack_with(ApiSizes="100x 50x50", ApiOrigins="https://example.com,https://example.org")
    path = f"thumbnails/{path_of(KEY)}"
    for query in ("w=100", "w=50&dpr=2", "w=50&h=50&fit=cover", "preset=small"):
        assert api.get(f"{path}?{query}").status_code == 200, query
    for query in ("w=101", "h=100", "w=50&h=51", "w=100&q=81"):
        told = problem(api.get(f"{path}?{query}"), 403)
        assert "100x" in told.get("allowed", []) or told["parameter"] == "q", told

    allowed = api.get(f"{path}?w=100", headers={"origin": "https://example.org"})
    assert allowed.headers["access-control-allow-origin"] == "https://example.org"
    assert "etag" in allowed.headers["access-control-expose-headers"].lower()
    refused = api.ask("DELETE", f"images/{path_of(KEY)}", headers={"origin": "https://example.net"})
    assert refused.status_code == 403 and "access-control-allow-origin" not in refused.headers
