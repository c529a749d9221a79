"""A stack that ends, in good order or not, goes on where it was: what S3 has answered, it keeps and sees through."""

import pytest

from conftest import Place
from outputs import Outputs
from pictures import png
from stack import Stack


@pytest.fixture
def own_place(tmp_path):
    return Place(tmp_path / "stack")


def start(place):
    return Stack.start(place.data, place.folder, place.temporary)


@pytest.mark.parametrize("ending", [Stack.stop, Stack.kill], ids=["stopped", "killed"])
def test_pictures_put_just_before_the_end_have_their_thumbnails_after_it(own_place, ending):
    first = start(own_place)
    s3 = first.client("s3")
    keys = [f"ü {n}.png" for n in range(30)]
    try:
        for number, key in enumerate(keys):
            s3.put_object(Bucket=first.input, Key=key, Body=png(500 + number, 300))
        s3.delete_object(Bucket=first.input, Key=keys[0])
    finally:
        ending(first)
    second = start(own_place)
    try:
        outputs = Outputs(second)
        for number, key in enumerate(keys[1:], start=1):
            outputs.await_thumbnails(key, 500 + number, 300)
        outputs.await_nothing(keys[0])
    finally:
        second.stop()
    assert own_place.strays() == []
