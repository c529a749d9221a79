"""Backfill as a page tells it, against the goal."""

GOAL = 1.8
NAMES = {"webp": "WebP", "jpeg": "JPEG"}
FIGURES = {
    "requests": ("S3 requests", "{:,.0f}"),
    "written_bytes": ("bytes written", "{:,.0f}"),
    "processor_seconds": ("processors here, s", "{:.2f}"),
    "seconds": ("time here, s", "{:.2f}"),
    "gb_seconds": ("by functions, GB-seconds", "{:.2f}"),
    "dollars": ("by functions, S3 and all, $", "{:.6f}"),
}


def sections(found):
    """The section of docs/benchmarks.md."""
    pictures, where = found["pictures"], found["machine"]
    rows = [row(output_format, sides, pictures) for output_format, sides in found["formats"].items()]
    ratio = faster(found["formats"]["webp"])
    return [
        "## Backfill\n",
        f"{pictures} JPEGs of 12 MP to four thumbnails each. Ours is `thumbline backfill --via here`, from one bucket of the embedded S3",
        "to another over HTTP, manifests and all; S3 shares the same cores. Theirs is a loop of sharp from files to files, in as many",
        "processes as there are cores. The best of several turns.\n",
        "| | pictures a second | sharp's | times | processor, ms each | sharp's |",
        "|---|--:|--:|--:|--:|--:|",
        *rows,
        "",
        f"To WebP, which is what thumbnails are by default: {ratio:.2f} × as many (goal: at least {GOAL}{'' if ratio >= GOAL else ', **missed**'}).",
        "",
        "What `--dry-run` expected of that run, and what the run measured:\n",
        "| | expected | measured | |",
        "|---|--:|--:|--:|",
        *expectations(found["formats"]["webp"]["thumbline"]),
        "",
        f"{found['date']}, `make bench-backfill DOCS=1`, at {found['commit']}, on {where['cpu']}, {where['cores']} cores, {where['system']}.\n",
    ]


def expectations(run):
    for figure, (name, form) in FIGURES.items():
        expected, measured = run["expected"][figure], run["measured"][figure]
        yield f"| {name} | {form.format(expected)} | {form.format(measured)} | {100 * (expected / measured - 1):+.1f} % |"


def row(output_format, sides, pictures):
    rates = [pictures / sides[name]["seconds"] for name in ("thumbline", "sharp")]
    each = [1e3 * sides[name]["processor_seconds"] / pictures for name in ("thumbline", "sharp")]
    figures = f"{rates[0]:.1f} | {rates[1]:.1f} | {faster(sides):.2f} | {each[0]:.0f} | {each[1]:.0f}"
    return f"| to {NAMES[output_format]} | {figures} |"


def faster(sides):
    return sides["sharp"]["seconds"] / sides["thumbline"]["seconds"]
