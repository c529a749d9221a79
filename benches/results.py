"""What came of it, as plain data: measured once, told as tables, a page and charts.

Noise only adds, so the least of several runs is nearest to what the work costs. Peak memory has noise both ways: there
it is the median.
"""

import dataclasses
import json
import statistics

import contenders

FOLDER = contenders.BENCHES / "results"
COSTS, MEMORY, JPEG = FOLDER / "costs.json", FOLDER / "memory.json", FOLDER / "jpeg.json"
COLD_STARTS, ON_DEMAND = FOLDER / "cold-starts.json", FOLDER / "on-demand.json"
BACKFILL = FOLDER / "backfill.json"


def keep(file, found):
    """For the page to be written from, and for whoever wants to know more than it says."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Turn:
    """A run with one picture, and one with several."""

    alone: contenders.Usage
    several: contenders.Usage
    pictures: int


def cost(turns):
    """What a picture costs, and a process for one picture."""
    further = turns[0].pictures - 1
    least = {
        (run, what): min(getattr(getattr(turn, run), what) for turn in turns)
        for run in ("alone", "several")
        for what in ("cpu_ms", "wall_ms")
    }
    return {
        # What each further picture adds, start-up and all that is done once taken away.
        "cpu_ms": (least["several", "cpu_ms"] - least["alone", "cpu_ms"]) / further,
        "wall_ms": (least["several", "wall_ms"] - least["alone", "wall_ms"]) / further,
        "peak_bytes": statistics.median(turn.several.peak_bytes for turn in turns),
        "process_cpu_ms": least["alone", "cpu_ms"],
        "process_wall_ms": least["alone", "wall_ms"],
        "process_peak_bytes": statistics.median(turn.alone.peak_bytes for turn in turns),
    }


def against_itself(name, ones, others):
    """Each figure of one half of the runs as a multiple of the other half's."""
    one, other = cost(ones), cost(others)
    return {"name": name, "ratios": {figure: one[figure] / other[figure] for figure in one}}


def as_dict(goal):
    return goal and dataclasses.asdict(goal)


class Row:
    """All that is measured of one case."""

    def __init__(self, case):
        self.case = case
        self.turns, self.judged, self.refusals = {}, {}, {}

    def refuse(self, name, reason):
        self.refusals[name] = reason

    def judge(self, name, thumbnails):
        self.judged[name] = thumbnails

    def add(self, name, turn):
        self.turns.setdefault(name, []).append(turn)

    def as_json(self):
        sides = {name: {**cost(turns), "thumbnails": self.judged[name]} for name, turns in self.turns.items()}
        return {
            "case": self.case.label,
            "source": self.case.source,
            "file": self.case.file.name,
            "source_bytes": self.case.file.stat().st_size,
            "goal": as_dict(self.case.goal),
            "process_goal": as_dict(self.case.process_goal),
            "sides": sides,
            "refusals": self.refusals,
        }


def ratio(row, figure, name="thumbline", to="sharp"):
    """A figure of one side as a multiple of another's, or None where either does not take the picture."""
    sides = row["sides"]
    if name not in sides or to not in sides or sides[to][figure] <= 0:
        return None
    return sides[name][figure] / sides[to][figure]


def ssim_gap(row, width, name="thumbline", to="sharp"):
    """How much nearer to the ideal one side's thumbnail of a width is than another's."""
    sides = row["sides"]
    if name not in sides or to not in sides:
        return None
    return sides[name]["thumbnails"][str(width)]["ssim"] - sides[to]["thumbnails"][str(width)]["ssim"]


def mean_ssim_gap(row):
    """Of all widths: what an encoder's whims take from one thumbnail they give to another."""
    gaps = [ssim_gap(row, width) for width in contenders.WIDTHS]
    return None if None in gaps else statistics.fmean(gaps)


def worst_ssim_gap(row):
    """The smallest gap of all widths, as people get them."""
    gaps = [ssim_gap(row, width) for width in contenders.WIDTHS]
    return None if None in gaps else min(gaps)


def worst_unencoded_gap(row, name="thumbline", to="sharp"):
    """The smallest gap of all widths between the pixels themselves."""
    judged = row["unencoded_ssim"]
    if name not in judged or to not in judged:
        return None
    return min(judged[name][width] - judged[to][width] for width in judged[name])


def output_bytes(row, name):
    """Of all thumbnails together, or None."""
    side = row["sides"].get(name)
    return side and sum(thumbnail["bytes"] for thumbnail in side["thumbnails"].values())
