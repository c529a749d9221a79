"""`make docs-scale`: what a backfill and an audit of ten million and of a billion pictures take, into docs/scale.md.

What one picture asks of S3 is counted here: a backfill of some, another when there is nothing left to do, and `verify`, in the
S3 of `thumbline local`. What it asks of a processor stands in benches/results/costs.json, from `make bench DOCS=1`. The rest is
played by scale_model.py.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

import boto3
import cost
import machine
import report
import results
from scale_model import Fleet, Picture, play

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs/scale.md"
COLUMNS = 118

# Of what people upload; nobody's statistics, so change it to what yours are.
MIX = {"12 MP JPEG → WebP": 0.6, "3 MP JPEG → WebP": 0.2, "24 MP JPEG → WebP": 0.1, "12 MP PNG → WebP": 0.05, "12 MP WebP → WebP": 0.05}
COUNTED = 1_500
MEMORY_MB, ARCHITECTURE = cost.WHOLE_PROCESSOR_MB, "arm64"
KEYS_OF_AN_INVOCATION = 20
# How long S3 takes for a page of a thousand keys: an assumption, as the round trips of cost.py are.
PAGE_S, KEYS_OF_A_PAGE = 0.1, 1_000
# https://aws.amazon.com/s3/pricing/, S3 Batch Operations; https://aws.amazon.com/ec2/pricing/on-demand/, c7g.16xlarge.
BATCH_JOB, BATCH_OBJECT = 0.25, 1.0 / 1e6
CORES, MACHINE_HOUR, MACHINE = 64, 2.32, "c7g.16xlarge"
SCALES = {"10 million": 10_000_000, "1 billion": 1_000_000_000}
PREFIXES = (1, 10, 100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thumbline", required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print the figures and write nothing")
    options = parser.parse_args()
    counted = count(options.thumbline)
    rows = list(played(counted))
    if options.json:
        print(json.dumps({"requests": counted, "plans": rows}, indent=1))
        return
    PAGE.write_text(page(counted, rows), encoding="utf-8")
    print(f"{PAGE.name}: {len(rows)} plans")


def count(thumbline):
    """Requests for each picture, by what is done."""
    stack = subprocess.Popen(
        [thumbline, "local", "--json", "--port", "0", "--api-port", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = stack.stdout.readline()
        if not line:
            sys.exit("scale.py: `thumbline local` did not start: try it by hand")
        local = json.loads(line)
        environment = {
            "AWS_ENDPOINT_URL": local["s3"],
            "AWS_REGION": local["region"],
            "AWS_ACCESS_KEY_ID": local["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": local["secret_access_key"],
        }
        os.environ.update(environment)
        fill(local["region"])
        run = lambda command: requests(thumbline, command)  # noqa: E731
        return {"backfill": run("backfill"), "nothing to do": run("backfill"), "verify": run("verify")}
    finally:
        stack.terminate()
        stack.wait()


def fill(region):
    """Buckets that no function watches, with small pictures."""
    s3 = boto3.client("s3", region_name=region)
    for bucket in ("sources", "thumbnails"):
        s3.create_bucket(Bucket=bucket)
    picture = (PROJECT / "samples/pictures/dot.png").read_bytes()
    for index in range(COUNTED):
        s3.put_object(Bucket="sources", Key=f"{index:06}.png", Body=picture)


def requests(thumbline, command):
    with tempfile.TemporaryDirectory() as elsewhere:
        ended = subprocess.run(
            [thumbline, command, "--input", "sources", "--output", "thumbnails", "--json"],
            cwd=elsewhere,
            capture_output=True,
            text=True,
        )
    if ended.returncode != 0:
        sys.exit(f"scale.py: {command} ended with {ended.returncode}: {ended.stderr}")
    sums = json.loads(ended.stdout.splitlines()[-1])
    asked = (sums["summary"]["measured"] if command == "backfill" else sums)["requests"]
    return {kind: asked[kind] / COUNTED for kind in ("list", "get", "head", "put")}


def played(counted):
    """Each plan for each scale."""
    costs = json.loads(results.COSTS.read_text(encoding="utf-8"))
    sides = {row["case"]: row["sides"][report.OURS] for row in costs["rows"]}
    processor_s = sum(share * sides[case]["cpu_ms"] for case, share in MIX.items()) / 1e3
    billed_s = sum(share * cost.duration_ms(sides[case], MEMORY_MB) for case, share in MIX.items()) / 1e3
    billed_s += cost.ROUND_TRIPS * cost.ROUND_TRIP_MS / 1e3
    asked = counted["backfill"]
    here = Picture(processor_s, asked["list"], asked["get"] + asked["head"], asked["put"])
    # A function lists the outputs of its picture itself: only keys are handed to it.
    there = Picture(billed_s, asked["list"] + 1, asked["get"] + asked["head"], asked["put"])
    looked = counted["verify"]
    # Waiting for the manifest, and next to no processor.
    audit = Picture(cost.ROUND_TRIP_MS / 1e3, looked["list"], looked["get"] + looked["head"], looked["put"])
    for scale, pictures in SCALES.items():
        for prefixes in PREFIXES:
            listed = prefixes * KEYS_OF_A_PAGE / PAGE_S
            for name, picture, fleet in [
                ("here", here, Fleet(CORES, listed_per_s=listed)),
                ("lambda, 1,000 at once", there, Fleet(1_000, 100, listed)),
                ("lambda, 10,000 at once", there, Fleet(10_000, 100, listed)),
                ("batch, 1,000 at once", there, Fleet(1_000, 100)),
                ("verify", audit, Fleet(CORES * 8, listed_per_s=listed / pages_of_verify(looked))),
            ]:
                outcome = play(pictures, picture, fleet, prefixes)
                yield {
                    "pictures": scale,
                    "prefixes": prefixes,
                    "plan": name,
                    "hours": outcome.seconds / 3600,
                    "limit": outcome.limit,
                    "per_second": pictures / outcome.seconds,
                    **dollars(name, pictures, picture, outcome),
                }


def pages_of_verify(looked):
    """Pages that are listed for a thousand sources: theirs, and those of all that lies beside the manifests."""
    return max(1.0, looked["list"] * KEYS_OF_A_PAGE)


def dollars(name, pictures, picture, outcome):
    s3 = pictures * ((picture.lists + picture.writes) * cost.S3_WRITE + picture.reads * cost.S3_READ)
    if name in ("here", "verify"):
        return {"compute": outcome.seconds / 3600 * MACHINE_HOUR, "s3": s3}
    compute = outcome.worker_seconds * MEMORY_MB / 1024 * cost.GB_SECOND[ARCHITECTURE]
    if name.startswith("batch"):
        # One object for each invocation.
        return {"compute": compute + pictures * cost.INVOCATION, "s3": s3 + BATCH_JOB + pictures * BATCH_OBJECT}
    return {"compute": compute + pictures / KEYS_OF_AN_INVOCATION * cost.INVOCATION, "s3": s3}


def page(counted, rows):
    described = machine.describe()
    return "\n".join(
        [
            INTRODUCTION,
            "## What one picture asks of S3\n",
            requests_table(counted),
            textwrap.fill(
                f"Counted on {datetime.date.today()} by `make docs-scale`, for {COUNTED:,} pictures with three presets in the S3 of "
                f"`thumbline local`, on {described['cpu']}, {described['cores']} cores. A function that is handed a key lists "
                "that picture's outputs itself: one LIST more.",
                COLUMNS,
            )
            + "\n",
            *(section(scale, [row for row in rows if row["pictures"] == scale]) for scale in SCALES),
            ASSUMPTIONS,
        ]
    )


def requests_table(counted):
    lines = [
        (what, *(f"{asked[kind]:.3f}".rstrip("0").rstrip(".") for kind in ("list", "get", "head", "put")))
        for what, asked in counted.items()
    ]
    return cost.table(["", "LIST", "GET", "HEAD", "PUT"], lines)


def section(scale, rows):
    lines = [
        (
            row["plan"],
            str(row["prefixes"]),
            f"{row['per_second']:,.0f}",
            lasting(row["hours"]),
            row["limit"],
            f"{row['compute']:,.0f}",
            f"{row['s3']:,.0f}",
        )
        for row in rows
    ]
    titles = ["plan", "prefixes", "a second", "time", "what limits", "compute, $", "S3, $"]
    return f"## {scale[0].upper()}{scale[1:]} pictures\n\n" + cost.table(titles, lines)


def lasting(hours):
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


INTRODUCTION = f"""\
# Very many pictures

Written by `make docs-scale`; not edited by hand. Which way to take, how long it is going to be, and what it costs.

- **Up to some ten million**, one machine in the bucket's region: `thumbline backfill --via here`. Nothing to deploy, no
  queue to watch, and the cheapest: it is billed by the hour and not by the picture. It can be stopped at any time, by Ctrl-C or by
  pulling the plug, and goes on where it was.
- **More, or soon**: `--via lambda`. A thousand functions at once are what an account has to begin with. More only help
  if the pictures lie under several prefixes: S3 takes {3500:,} writes a second from one, and each picture is four.
- **S3 Batch Operations** (`--via batch`) do the listing from a manifest or an inventory, retry, and write a report, for
  a dollar a million more.
- **Beyond a hundred million**, one backfill or `verify` for each prefix (`--prefix 2019/`), at the same time: a walk lists
  one page after the other, and here so many walks are as there are prefixes. S3 splits prefixes that are asked much by itself, over half an hour or so; begin with a low rate, or it answers 503.
- `verify` reads one small manifest for each picture and writes nothing. It costs a thirtieth of making them, and needs no
  more memory for a billion than for a thousand.
"""

ASSUMPTIONS = "## How it is worked out\n\n" + "\n".join(
    textwrap.fill(line, COLUMNS, initial_indent="- ", subsequent_indent="  ")
    for line in [
        "Milliseconds of a processor are those of [benchmarks.md](benchmarks.md), for this mix: "
        + ", ".join(f"{share:.0%} {case}" for case, share in MIX.items())
        + ". It is made up: put your own into `benches/scale.py`.",
        f"Functions have {MEMORY_MB} MB on {ARCHITECTURE}, and are handed {KEYS_OF_AN_INVOCATION} keys each. To the processor's time come "
        f"{cost.ROUND_TRIPS} round trips to S3 of {cost.ROUND_TRIP_MS} ms; a page of {KEYS_OF_A_PAGE:,} keys takes {PAGE_S * 1e3:.0f} ms. **Both are "
        "assumptions and not measured.** Here, one picture is fetched while others are decoded, so that waiting costs nothing.",
        f"Here is {MACHINE}: {CORES} cores and 30 Gbit/s, which 934 pictures of 4 MB a second just fit through, for ${MACHINE_HOUR:.2f} an hour. Prices are those of {cost.REGION}, {cost.PRICES_OF}; "
        "[cost.md](cost.md) has the rest of them.",
        "A step of the play takes what the slowest of four lets through: workers, S3's writes, S3's reads, and what has been "
        "listed so far. Lambda adds 1,000 environments in 10 seconds. Work is never handed out faster than S3 takes it, so "
        "that nobody is billed for waiting: that is what the rate limits of the commands are for.",
        "Storage, and what is read from other regions, are not counted.",
    ]
) + "\n"


if __name__ == "__main__":
    main()
