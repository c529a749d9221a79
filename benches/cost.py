"""docs/cost.md: what pictures cost on Lambda and S3, worked out of what was measured and of the price list.

Nothing is measured here: the processor's time and the memory for a picture stand in benches/results/costs.json, from
`make bench DOCS=1`. Lambda bills memory times duration, and gives a function processors in proportion to its memory.
"""

import json
import textwrap
import tomllib

import contenders
import report
import results

PAGE = contenders.BENCHES.parent / "docs/cost.md"
COLUMNS = 118

# One price list for this page and for `thumbline backfill --dry-run`.
PRICES = tomllib.loads((contenders.BENCHES.parent / "shared/audit/prices.toml").read_text(encoding="utf-8"))
PRICES_OF, REGION = PRICES["of"], PRICES["region"]
GB_SECOND = {name: PRICES["lambda"][f"gb_second_{name}"] for name in ("arm64", "x86_64")}
INVOCATION = PRICES["lambda"]["invocation"]
S3_WRITE, S3_READ = PRICES["s3"]["write"], PRICES["s3"]["read"]

# Megabytes with which a function has one whole processor.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
WHOLE_PROCESSOR_MB = 1769
MEMORY_MB = (512, 1024, 1769, 3538)
# What S3 is asked for one new picture with three presets (layer/tests/function/delivery.rs counts the writes).
PRESETS = 3
WRITES = PRESETS + 1 + 1  # the thumbnails, the manifest, the listing of what is there
READS = 2  # the picture, and whether it still is the same
# Until S3 has answered, a function waits and is billed for it: the listing, the picture, the thumbnails at once, the manifest,
# and the last look, one after the other.
ROUND_TRIPS, ROUND_TRIP_MS = 5, 15

INTRODUCTION = f"""\
# What pictures cost

Written by `make docs-cost` from the figures of [benchmarks.md](benchmarks.md) and the prices below; not edited by hand.

A picture becomes four JPEG or WebP thumbnails (1280, 640, 320 and 128 pixels wide). Milliseconds are processor time as it was
measured, stretched by the share of a processor that Lambda gives for the memory: all of one from {WHOLE_PROCESSOR_MB} MB, half
of one for half of that. Beyond one processor, encoding uses the second and the rest does not: the measured wall time on two.
To that come {ROUND_TRIPS} round trips to S3 of some {ROUND_TRIP_MS} ms, **which is an assumption and not measured**, in the
dollars and not in the milliseconds. Cold starts are not in it; [benchmarks.md](benchmarks.md) has them. sharp is Node.js with
the same sizes, the same formats and the same S3 requests, from the same run.

The processor that was measured is not Lambda's: expect other milliseconds there, and much the same ratios.
"""


def write():
    costs = json.loads(results.COSTS.read_text(encoding="utf-8"))
    rows = [row for row in costs["rows"] if {report.OURS, report.THEIRS} <= row["sides"].keys()]
    parts = [INTRODUCTION, prices(), setting(costs["setting"])]
    parts += ["## Milliseconds and memory for a picture\n", milliseconds(rows)]
    parts += ["## US dollars for a million uploads, Lambda alone\n", dollars(rows), remarks(rows)]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"{PAGE.name}: {len(rows)} pictures at {len(MEMORY_MB)} memory sizes")


def duration_ms(side, memory_mb):
    """How long a picture keeps a function of this memory busy. None where it does not fit."""
    if side["peak_bytes"] + RUNTIME_BYTES > memory_mb * report.MEGABYTE:
        return None
    share = memory_mb / WHOLE_PROCESSOR_MB
    if share < 2:
        return side["cpu_ms"] / min(share, 1)
    return min(side["cpu_ms"], side["wall_ms"])


# What a function holds besides: the runtime, the S3 client, the picture's bytes as they came.
RUNTIME_BYTES = 64_000_000


def lambda_dollars(side, memory_mb, architecture):
    """For one picture."""
    busy = duration_ms(side, memory_mb)
    if busy is None:
        return None
    seconds = (busy + ROUND_TRIPS * ROUND_TRIP_MS) / 1e3
    return seconds * memory_mb / 1024 * GB_SECOND[architecture] + INVOCATION


def s3_dollars():
    return WRITES * S3_WRITE + READS * S3_READ


def prices():
    lines = [
        ("Lambda, GB-second", *(f"${GB_SECOND[name]:.10f} ({name})" for name in GB_SECOND)),
        ("Lambda, million invocations", f"${INVOCATION * 1e6:.2f}", ""),
        ("S3, thousand PUT, COPY, POST, LIST", f"${S3_WRITE * 1e3:.4f}", ""),
        ("S3, thousand GET, HEAD", f"${S3_READ * 1e3:.4f}", ""),
    ]
    return table((f"{REGION}, price list of {PRICES_OF}", "", ""), lines)


def setting(found):
    machine = found["machine"]
    return f"Measured on {found['date']} on {machine['cpu']}, {machine['cores']} cores, at {found['commit']}.\n"


def milliseconds(rows):
    titles = ["picture", "MB at the peak", *(f"{memory} MB" for memory in MEMORY_MB)]
    lines = [
        (row["case"], peaks(row), *(both(row, lambda side: duration_ms(side, memory), "{:.0f}") for memory in MEMORY_MB))
        for row in rows
    ]
    return "Thumbline / sharp.\n\n" + table(titles, lines)


def dollars(rows):
    titles = ["picture", *(f"{memory} MB" for memory in MEMORY_MB)]

    def cell(row, memory):
        return both(row, lambda side: times(1e6, lambda_dollars(side, memory, "arm64")), "{:.2f}")

    lines = [(row["case"], *(cell(row, memory) for memory in MEMORY_MB)) for row in rows]
    return "Thumbline / sharp, on arm64; x86_64 costs a quarter more for the same time.\n\n" + table(titles, lines)


def remarks(rows):
    s3 = s3_dollars() * 1e6
    ratios = [
        lambda_dollars(row["sides"][report.THEIRS], memory, "arm64") / ours
        for row in rows
        for memory in MEMORY_MB
        if (ours := lambda_dollars(row["sides"][report.OURS], memory, "arm64"))
        and lambda_dollars(row["sides"][report.THEIRS], memory, "arm64")
    ]
    text = (
        f"S3 adds ${s3:.2f} to each million: {WRITES} writes ({PRESETS} thumbnails of the default presets, the manifest, the "
        f"listing) and {READS} reads for each picture, and that is most of the bill: fewer presets save more than any memory "
        f"size. An event that comes twice costs a listing and two reads. Lambda's part is from {min(ratios):.2f} to "
        f"{max(ratios):.2f} times as much with sharp. Storage, and what goes out to readers, are in nobody's favour and not "
        "counted. A dash means that the picture does not fit."
    )
    return textwrap.fill(text, COLUMNS) + "\n"


def peaks(row):
    return both(row, lambda side: side["peak_bytes"] / report.MEGABYTE, "{:.0f}")


def both(row, figure, form):
    found = (figure(row["sides"][name]) for name in (report.OURS, report.THEIRS))
    return " / ".join("–" if value is None else form.format(value) for value in found)


def times(factor, value):
    return None if value is None else factor * value


def table(titles, lines):
    rule = ["---"] + ["--:"] * (len(titles) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, rule, *lines]) + "\n"


if __name__ == "__main__":
    write()
