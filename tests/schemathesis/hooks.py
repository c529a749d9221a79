"""What Schemathesis can't know of the API: which pictures there are."""

import os

import schemathesis

#: Keys of pictures that run.py has uploaded, one for each line.
KEYS = os.environ["SCHEMATHESIS_KEYS"].split("\n")


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other key is that of a picture, so that more is tried than what happens where there is none."""
    key = (path_parameters or {}).get("key")
    # Those are removed by the operation that removes pictures, and must be there for the others.
    if context.operation.method.upper() == "DELETE" or not isinstance(key, str):
        return path_parameters
    number = sum(key.encode("utf-8", "replace"))
    if number % 2:
        return path_parameters
    return {**path_parameters, "key": KEYS[number // 2 % len(KEYS)]}
