"""A backfill of very many pictures, second by second: who lists, who works, and what S3 and Lambda let through.

Whatever is slowest sets the pace, and that changes on the way: Lambda adds environments bit by bit, and S3 splits a prefix
that is asked much. So the time is not worked out, but played through.
"""

import dataclasses

# What S3 takes from one prefix, each second, before it asks to slow down.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
WRITES_PER_S, READS_PER_S = 3_500, 5_500
# Environments that Lambda adds to one function.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
ENVIRONMENTS_ADDED, ADDED_EVERY_S = 1_000, 10
# Steps of the play: no more of them than anybody would wait for, and none longer than what it is about.
MOST_STEPS, LONGEST_STEP_S = 200_000, 60


@dataclasses.dataclass(frozen=True)
class Picture:
    """What one picture costs, on average."""

    seconds: float  # that it occupies a worker
    lists: float
    reads: float  # GET and HEAD
    writes: float  # PUT


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Who does the work."""

    workers: int  # pictures at the same time, in the end
    added: float = float("inf")  # workers that come with each second
    listed_per_s: float = float("inf")  # keys that are listed


@dataclasses.dataclass(frozen=True)
class Outcome:
    seconds: float
    worker_seconds: float
    limit: str  # what set the pace for longest


def play(pictures, picture, fleet, prefixes):
    """Works through so many pictures, spread evenly over so many prefixes."""
    # A listing is a read, to S3's limits.
    limits = {
        "S3's writes": prefixes * WRITES_PER_S / picture.writes if picture.writes else float("inf"),
        "S3's reads": prefixes * READS_PER_S / (picture.reads + picture.lists),
    }
    shortest = pictures / min(fleet.workers / picture.seconds, fleet.listed_per_s, *limits.values())
    step = min(LONGEST_STEP_S, max(shortest / MOST_STEPS, min(1.0, shortest / 100)))
    now = listed = done = busy = 0.0
    paced = {}
    while done < pictures:
        listed = min(pictures, listed + fleet.listed_per_s * step)
        workers = min(fleet.workers, fleet.added * (now + step))
        paces = {"workers": workers / picture.seconds, **limits}
        limit, pace = min(paces.items(), key=lambda item: item[1])
        if pace * step > listed - done:
            limit, pace = ("the listing", (listed - done) / step)
            if listed == pictures:  # The last step, in which there is less to do than could be done.
                limit = max(paced, key=paced.get, default="workers")
        progress = min(pace * step, pictures - done)
        took = step if pace * step <= pictures - done else progress / pace
        # Nobody is called who would only wait for S3: the rate is held down to what it lets through.
        busy += progress * picture.seconds
        done += progress
        now += took
        paced[limit] = paced.get(limit, 0) + took
        if pictures - done < 1e-6 * pictures:
            break
    return Outcome(now, busy, max(paced, key=paced.get))
