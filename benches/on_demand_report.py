"""Waiting for the thumbnail API as a page tells it, against the goals."""

MOST_OF_SHARP_ON_A_MISS = 0.5
MOST_OF_SHARP_ON_A_HIT = 1.0
NAMES = {
    "miss": "made for the request",
    "hit": "found in S3",
    "unchanged": "304, the client has it",
    "sharp": "Node.js and sharp, from the disk",
}


def sections(found):
    """The section of docs/benchmarks.md."""
    ms, at_once, where = found["ms"], found["at_once"], found["machine"]
    theirs = ms["sharp"]["p50"]
    miss, hit = ms["miss"]["p50"] / theirs, ms["hit"]["p50"] / theirs
    return [
        "## The thumbnail API\n",
        f"From the request to the last byte of a WebP {found['width']} pixels wide, of a JPEG of 12 MP. Ours is the whole embedded",
        "stack: API Gateway's part, the function in its own process, an S3 over HTTP in which the thumbnail is stored. Theirs is",
        "one process that reads from the disk and stores nothing. By turns, one request at a time.\n",
        "| | p50, ms | p99, ms |",
        "|---|--:|--:|",
        *(f"| {name} | {ms[key]['p50']:.1f} | {ms[key]['p99']:.1f} |" for key, name in NAMES.items()),
        "",
        f"- A miss: {miss:.2f} of sharp's p50 (goal: at most {MOST_OF_SHARP_ON_A_MISS}{missed(miss <= MOST_OF_SHARP_ON_A_MISS)}).",
        f"- A hit: {hit:.2f} of sharp's p50 (goal: at most {MOST_OF_SHARP_ON_A_HIT:.0f}{missed(hit <= MOST_OF_SHARP_ON_A_HIT)}).",
        f"- {at_once['requests']} requests at once for {found['pictures']} missing thumbnails: all answered, with the same bytes;",
        f"  {at_once['made']} were made. p50 {at_once['ms']['p50']:.0f} ms, p99 {at_once['ms']['p99']:.0f} ms.",
        "",
        f"{found['date']}, `make bench-api DOCS=1`, at {found['commit']}, on {where['cpu']}, {where['cores']} cores, {where['system']}.\n",
    ]


def missed(holds):
    return "" if holds else ", **missed**"
