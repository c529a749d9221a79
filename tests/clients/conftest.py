"""What the tests are given: one stack for all of them, its clients, and its outputs."""

import itertools

import pytest

from outputs import Outputs
from stack import Stack


class Place:
    """Folders around a stack's data, in which nothing may appear but what belongs there."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "a" / "b" / "working-directory"
        self.data = root / "a" / "b" / "data"
        self.temporary = root / "temporary"
        for folder in (self.folder, self.temporary):
            folder.mkdir(parents=True)

    def strays(self):
        """Everything outside of the data folder and of the temporary one."""
        own = (self.root / "a", self.root / "a" / "b", self.folder, self.data, self.temporary)
        inside = (self.data, self.temporary)
        return [
            path
            for path in self.root.rglob("*")
            if path not in own and not any(folder in path.parents for folder in inside)
        ]


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="session")
def stack(place):
    running = Stack.start(place.data, place.folder, place.temporary)
    yield running
    running.stop()
    assert running.process.returncode == 0, "the stack did not end in good order"


@pytest.fixture(scope="session")
def s3(stack):
    return stack.client("s3")


@pytest.fixture(scope="session")
def outputs(stack):
    return Outputs(stack)


_numbers = itertools.count()


@pytest.fixture
def folder_key():
    """A prefix for the keys of one test."""
    return f"test-{next(_numbers)}/"
