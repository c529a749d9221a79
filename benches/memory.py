"""`make bench-memory`: the peak memory of a process for one picture, against the size of the picture, per format.

Four thumbnails of each, as in `make bench`. What is not taken is recorded with the reason that was given, since a clear
answer is the right one to a picture that is too large; sharp has the same pictures, to compare with.
"""

import argparse
import datetime
import os
import pathlib
import statistics
import sys
import tempfile

import contenders
import document
import machine
import memory_pictures
import memory_report
import results

REPOSITORY = contenders.BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
OUTPUT = "jpeg"
RUNS = 3


def arguments():
    parser = argparse.ArgumentParser(prog="memory.py", description="Peak memory by the size and format of the source.")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md and its plot")
    parser.add_argument(
        "--most", type=int, default=memory_pictures.MEGAPIXELS[-1], metavar="MP", help="no larger pictures"
    )
    parser.add_argument(
        "--pictures", type=pathlib.Path, default=TARGET / "bench/memory", metavar="DIR", help="kept there"
    )
    parser.add_argument("--base", type=pathlib.Path, default=TARGET / "bench/pictures/24mp.jpg", metavar="FILE")
    parser.add_argument("--thumbline", type=pathlib.Path, default=TARGET / "release/thumbline", metavar="FILE")
    parser.add_argument("--sharp", type=pathlib.Path, default=TARGET / "bench/sharp", metavar="DIR")
    chosen = parser.parse_args()
    if chosen.docs and chosen.most < memory_pictures.MEGAPIXELS[-1]:
        parser.error("the documentation shows all sizes")
    return chosen


def measure(sides, file, megapixels, folder):
    """The peak of each side, or why it does not take the picture: to find out has a peak as well."""
    point = {
        "megapixels": megapixels,
        "source_bytes": file.stat().st_size,
        "peaks": {},
        "refusals": {},
        "refused_peaks": {},
    }
    for side in sides:
        out = pathlib.Path(tempfile.mkdtemp(dir=folder))
        try:
            contenders.warm_up(side, file, OUTPUT, out)
            found = point["peaks"]
        except contenders.Unsupported as unsupported:
            point["refusals"][side.name] = str(unsupported)
            found = point["refused_peaks"]
        command = side.command([file], OUTPUT, out)
        runs = [contenders.charge(command, side.working_folder, may_fail=True) for _ in range(RUNS)]
        found[side.name] = statistics.median(run.peak_bytes for run in runs)
    return point


def main():
    chosen = arguments()
    sides = [contenders.Thumbline(chosen.thumbline.resolve()), contenders.Sharp(chosen.sharp.resolve(), "one-decode")]
    sizes = [size for size in memory_pictures.MEGAPIXELS if size <= chosen.most]
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    formats = []
    with tempfile.TemporaryDirectory(prefix="thumbline-memory-") as folder:
        for kind in memory_pictures.KINDS:
            points = []
            for megapixels in sizes:
                print(f"{kind.name}, {megapixels} MP", file=sys.stderr, flush=True)
                file = kind.make(chosen.base, megapixels, chosen.pictures)
                points.append(measure(sides, file, megapixels, pathlib.Path(folder)))
            formats.append({"name": kind.name, "points": points})
    versions = {**sides[0].versions(), **sides[1].versions()}
    setting = {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "commit": machine.commit(REPOSITORY),
        "versions": versions,
    }
    found = {"setting": setting, "megapixels": sizes, "formats": formats}
    results.keep(TARGET / "bench/last-memory.json", found)
    print(memory_report.as_text(found))
    if chosen.docs:
        results.keep(results.MEMORY, found)
        document.write()
        print("docs/benchmarks.md is written", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except contenders.Failed as failed:
        sys.exit(f"memory.py: {failed}")
