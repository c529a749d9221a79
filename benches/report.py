"""The tables: what each shows of a row. For a terminal here; document.py makes a page of them."""

import dataclasses
import typing

import results

JUDGED_WIDTH = 640
MEGABYTE = 1_000_000
OURS, THEIRS = "thumbline", "sharp"
OTHERS = ("pyvips", "Pillow", "image thumbnail", "image lanczos3")
NOTHING = "–"


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    titles: list
    cells: typing.Callable
    # Which rows it shows.
    shows: typing.Callable = lambda row: True


def tables(found):
    """Every table over the rows."""
    setting = found["setting"]
    first = "picture → four of"
    costs = ["CPU ms", "sharp", "ratio", "goal", "wall ms", "sharp", "MB", "sharp", "ratio", "goal"]
    compared = lambda row: any(other in row["sides"] or other in row["refusals"] for other in OTHERS)
    return [
        Table(
            f"Cost of a picture, and peak memory after {setting['pictures_per_run']}", [first, *costs], picture_cells
        ),
        Table("Cost of a process for one picture, start-up included", [first, *costs], process_cells),
        Table(
            f"Quality: SSIM {JUDGED_WIDTH} wide, mean and worst gap of all widths, worst of pixels; bytes of all widths",
            [first, "SSIM", "sharp", "gap", "mean", "worst", "pixels", "bytes", "sharp", "ratio"],
            quality_cells,
        ),
        Table(
            "The others: CPU time of a picture as a multiple of sharp's",
            [first, *(OURS, *OTHERS)],
            lambda row: [times(results.ratio(row, "cpu_ms", name)) for name in (OURS, *OTHERS)],
            compared,
        ),
        Table(
            "The others: peak memory as a multiple of sharp's",
            [first, *(OURS, *OTHERS)],
            lambda row: [times(results.ratio(row, "peak_bytes", name)) for name in (OURS, *OTHERS)],
            compared,
        ),
        Table(
            f"The others: SSIM {JUDGED_WIDTH} wide, less sharp's",
            [first, *(OURS, *OTHERS)],
            lambda row: [signed(results.ssim_gap(row, JUDGED_WIDTH, name)) for name in (OURS, *OTHERS)],
            compared,
        ),
    ]


def picture_cells(row):
    return cost_cells(row, "", row["goal"] or {})


def process_cells(row):
    return cost_cells(row, "process_", row["process_goal"] or {})


def cost_cells(row, prefix, goal):
    """CPU, wall and peak of both sides, held against the goals."""

    def figure(name, what, unit=1, digits=0):
        side = row["sides"].get(name)
        return f"{side[prefix + what] / unit:.{digits}f}" if side else NOTHING

    return [
        figure(OURS, "cpu_ms", digits=1),
        figure(THEIRS, "cpu_ms", digits=1),
        times(results.ratio(row, prefix + "cpu_ms")),
        times(goal.get("cpu")),
        figure(OURS, "wall_ms", digits=1),
        figure(THEIRS, "wall_ms", digits=1),
        figure(OURS, "peak_bytes", MEGABYTE),
        figure(THEIRS, "peak_bytes", MEGABYTE),
        times(results.ratio(row, prefix + "peak_bytes")),
        times(goal.get("peak")),
    ]


def quality_cells(row):
    def ssim(name):
        side = row["sides"].get(name)
        return f"{side['thumbnails'][str(JUDGED_WIDTH)]['ssim']:.4f}" if side else NOTHING

    ours, theirs = (results.output_bytes(row, name) for name in (OURS, THEIRS))
    return [
        ssim(OURS),
        ssim(THEIRS),
        signed(results.ssim_gap(row, JUDGED_WIDTH)),
        signed(results.mean_ssim_gap(row)),
        signed(results.worst_ssim_gap(row)),
        signed(results.worst_unencoded_gap(row)),
        str(ours or NOTHING),
        str(theirs or NOTHING),
        times(ours / theirs if ours and theirs else None),
    ]


def times(ratio):
    return NOTHING if ratio is None else f"{ratio:.2f}"


def signed(gap):
    """To four decimals, where what rounds to nothing has no minus."""
    return NOTHING if gap is None else f"{round(gap, 4) + 0.0:+.4f}"


def itself_table(found):
    """The same program in both places."""
    titles = ["in both places", "CPU", "wall", "peak", "process CPU", "process wall", "process peak"]
    figures = ["cpu_ms", "wall_ms", "peak_bytes", "process_cpu_ms", "process_wall_ms", "process_peak_bytes"]
    lines = [[one["name"], *(times(one["ratios"][figure]) for figure in figures)] for one in found["itself"]]
    return "The same program against itself: what is not 1.00 here is noise", titles, lines


def refusals(found):
    """Who does not take which picture, and why, each once."""
    reasons = {}
    for row in found["rows"]:
        for name, reason in row["refusals"].items():
            reasons.setdefault((name, row["source"]), reason)
    return [f"{name} does not take {source}: {reason}" for (name, source), reason in reasons.items()]


def all_tables(found):
    """Name, titles and lines of each."""
    for table in tables(found):
        rows = [row for row in found["rows"] if table.shows(row)]
        if rows:
            yield table.name, table.titles, [[row["case"], *table.cells(row)] for row in rows]
    if found["itself"]:
        yield itself_table(found)


def as_text(found):
    """For a terminal of 110 columns."""
    setting = found["setting"]
    versions = ", ".join(f"{name} {version}" for name, version in setting["versions"].items())
    parts = [f"{setting['date']}, {setting['machine']['cpu']}, {setting['machine']['cores']} cores\n{versions}"]
    for name, titles, lines in all_tables(found):
        widths = [max(len(line[at]) for line in [titles, *lines]) for at in range(len(titles))]
        parts.append("\n".join([name, *(aligned(line, widths) for line in [titles, *lines])]))
    return "\n\n".join([*parts, *refusals(found)])


def aligned(cells, widths):
    first, *others = cells
    return first.ljust(widths[0]) + "".join(
        cell.rjust(width + 2) for cell, width in zip(others, widths[1:], strict=True)
    )


def markdown_table(titles, lines):
    rule = ["---"] + ["--:"] * (len(titles) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, rule, *lines])
