"""The options of a contender that is written in Python: those of sharp.mjs."""

import argparse
import json
import pathlib

EXTENSIONS = {"jpeg": "jpg", "webp": "webp"}


def run(render, versions):
    """Does `render(file, job)` for each file of the command line, or prints what `versions` says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--format", choices=EXTENSIONS)
    parser.add_argument("--quality", type=int)
    parser.add_argument("--widths", type=lambda text: [int(width) for width in text.split(",")])
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("files", nargs="*")
    job = parser.parse_args()
    if job.versions:
        print(json.dumps(versions))
        return
    for file in job.files:
        render(file, job)


def path(job, width):
    """Where the thumbnail of a width goes."""
    return str(job.out / f"w{width}.{EXTENSIONS[job.format]}")
