"""What came of it: rows of figures, as tables for a terminal and as JSON. document.py makes a page of them."""

import dataclasses
import statistics

import cases

JUDGED_WIDTH = 640
MEGABYTE = 1_000_000
OURS, THEIRS = "thumbline", "sharp"


@dataclasses.dataclass(frozen=True)
class Quality:
    """One thumbnail: its similarity to the ideal one, and its size."""

    ssim: float
    size_bytes: int


@dataclasses.dataclass(frozen=True)
class Setting:
    """Where and how it was measured."""

    date: str
    machine: dict
    versions: dict
    pairs: int
    pictures_per_run: int
    # What the launcher lends to each process that it measures: no peak can be seen to be smaller.
    peak_floor_bytes: int


class Pair:
    """One turn of both sides: a run with one picture and a run with several each, by the side's name."""

    def __init__(self, alone, several, pictures):
        self.alone_ms = {side: usage.cpu_ms for side, usage in alone.items()}
        self.alone_bytes = {side: usage.peak_bytes for side, usage in alone.items()}
        self.several_bytes = {side: usage.peak_bytes for side, usage in several.items()}
        # What a picture adds, start-up and all that is done once taken away.
        self.picture_ms = {
            side: (several[side].cpu_ms - alone[side].cpu_ms) / (pictures - 1) for side in (OURS, THEIRS)
        }


class Row:
    """All that was measured of one case."""

    def __init__(self, case, judged):
        self.label = case.label
        self.source = case.source
        self.source_bytes = case.file.stat().st_size
        self.judged = judged
        self.pairs = []

    def add(self, pair):
        self.pairs.append(pair)

    def figure(self, name):
        """A figure of the pairs, such as `picture_ms`, over all of them."""
        return Figure([getattr(pair, name) for pair in self.pairs])

    def quality(self, side, width=JUDGED_WIDTH):
        return self.judged[side][width]

    def ssim_gap(self):
        return self.quality(OURS).ssim - self.quality(THEIRS).ssim

    def size_ratio(self):
        return self.quality(OURS).size_bytes / self.quality(THEIRS).size_bytes


class Figure:
    """One figure of both sides: medians, and the ratio within each pair, which noise strikes least."""

    def __init__(self, values):
        self.ours = statistics.median(value[OURS] for value in values)
        self.theirs = statistics.median(value[THEIRS] for value in values)
        # On a machine that is busy enough a picture may seem to cost nothing: no ratio then.
        ratios = [value[OURS] / value[THEIRS] for value in values if min(value[OURS], value[THEIRS]) > 0]
        self.ratio = statistics.median(ratios) if ratios else float("nan")
        self.least, self.most = (min(ratios), max(ratios)) if ratios else (float("nan"), float("nan"))

    def span(self):
        return f"{self.least:.2f}–{self.most:.2f}"

    def as_json(self):
        ratio = {"median": self.ratio, "min": self.least, "max": self.most}
        return {OURS: self.ours, THEIRS: self.theirs, "ratio": ratio}


def as_json(setting, rows):
    return {**dataclasses.asdict(setting), "rows": [row_as_json(row) for row in rows]}


def row_as_json(row):
    figures = ("picture_ms", "alone_ms", "several_bytes", "alone_bytes")
    judged = {
        side: {str(width): dataclasses.asdict(quality) for width, quality in widths.items()}
        for side, widths in row.judged.items()
    }
    measured = {name: row.figure(name).as_json() for name in figures}
    return {"case": row.label, "source_bytes": row.source_bytes, **measured, "quality": judged}


def as_text(setting, rows):
    """Three tables, none wider than 80 columns."""
    heading = f"{setting.date}, {setting.machine['cpu']}, {setting.machine['cores']} cores\n{versions(setting)}"
    parts = [heading]
    for name, titles, cells in tables(setting):
        widths = [cases.LABEL_CHARACTERS] + [max(len(title), 6) for title in titles[1:]]
        lines = [[row.label, *cells(row)] for row in rows]
        widths = [max(widths[at], *(len(line[at]) for line in lines)) for at in range(len(titles))]
        parts.append("\n".join([name, *(aligned(line, widths) for line in [titles, *lines])]))
    return "\n\n".join(parts)


def aligned(cells, widths):
    first, *others = cells
    return first.ljust(widths[0]) + "".join(cell.rjust(width + 1) for cell, width in zip(others, widths[1:]))


def tables(setting):
    """Name, titles of the columns, and the cells of a row, of each table."""
    yield (
        f"Cost of a picture: CPU milliseconds, and peak megabytes after {setting.pictures_per_run}",
        ["picture → four of", "ms", "sharp", "ratio", "range", "MB", "sharp", "ratio"],
        lambda row: cost(row.figure("picture_ms"), row.figure("several_bytes")),
    )
    yield (
        "Cost of a process for one picture, start-up included",
        ["picture → four of", "ms", "sharp", "ratio", "range", "MB", "sharp", "ratio"],
        lambda row: cost(row.figure("alone_ms"), row.figure("alone_bytes")),
    )
    yield (
        f"Quality of the thumbnail {JUDGED_WIDTH} wide: SSIM, and bytes",
        ["picture → four of", "SSIM", "sharp", "gap", "bytes", "sharp", "ratio"],
        quality_cells,
    )


def cost(cpu, peak):
    return [
        f"{cpu.ours:.1f}",
        f"{cpu.theirs:.1f}",
        f"{cpu.ratio:.2f}",
        cpu.span(),
        f"{peak.ours / MEGABYTE:.0f}",
        f"{peak.theirs / MEGABYTE:.0f}",
        f"{peak.ratio:.2f}",
    ]


def quality_cells(row):
    ours, theirs = row.quality(OURS), row.quality(THEIRS)
    return [
        f"{ours.ssim:.4f}",
        f"{theirs.ssim:.4f}",
        signed(row.ssim_gap()),
        str(ours.size_bytes),
        str(theirs.size_bytes),
        f"{row.size_ratio():.2f}",
    ]


def signed(gap):
    """To four decimals, where what rounds to nothing has no minus."""
    return f"{round(gap, 4) + 0.0:+.4f}"


def versions(setting):
    return ", ".join(f"{name} {version}" for name, version in setting.versions.items())
