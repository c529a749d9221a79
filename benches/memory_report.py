"""What `make bench-memory` found, as a table and as a plot."""

import chart
import report

# What a function with little memory has for a picture.
BOUND_MB = 256


def table(found):
    """Titles and lines: a format to a line, a size to a column, and sharp at the largest."""
    sizes = found["megapixels"]
    titles = ["format", *(f"{size} MP" for size in sizes), f"sharp, {sizes[-1]} MP"]
    lines = [
        [
            entry["name"],
            *(cell(point, report.OURS) for point in entry["points"]),
            cell(entry["points"][-1], report.THEIRS),
        ]
        for entry in found["formats"]
    ]
    return titles, lines


def cell(point, name):
    """The peak, or what a process took that refused."""
    if name in point["peaks"]:
        return f"{point['peaks'][name] / report.MEGABYTE:.0f}"
    return f"refused at {point['refused_peaks'][name] / report.MEGABYTE:.0f}"


def refusals(found, name):
    """What one side refuses and why, in lines: one for all sizes of a format that have the same reason."""
    sizes = {}
    for entry in found["formats"]:
        for point in entry["points"]:
            if reason := point["refusals"].get(name):
                sizes.setdefault((entry["name"], reason), []).append(str(point["megapixels"]))
    return [f"{kind}, {', '.join(some)} MP: {reason}" for (kind, reason), some in sizes.items()]


def plot(found):
    series = []
    for entry in found["formats"]:
        taken = [point for point in entry["points"] if report.OURS in point["peaks"]]
        points = [(point["megapixels"], point["peaks"][report.OURS] / report.MEGABYTE) for point in taken]
        if points:
            size, peak = points[-1]
            more = "; more is refused" if len(taken) < len(entry["points"]) else ""
            series.append((f"{entry['name']}: {peak:.0f} at {size}{more}", points))
    title = "Peak memory of a process that makes four thumbnails"
    return chart.curves(title, ("megapixels of the source", "MB"), series, (BOUND_MB, f"{BOUND_MB} MB"))


def as_text(found):
    titles, lines = table(found)
    widths = [max(len(line[at]) for line in [titles, *lines]) for at in range(len(titles))]
    rows = "\n".join(report.aligned(line, widths) for line in [titles, *lines])
    refused = [f"{name} refuses {reason}" for name in (report.OURS, report.THEIRS) for reason in refusals(found, name)]
    return "\n".join(["Peak megabytes of a process for one picture, by the source's size", rows, *refused])
