"""`make bench`: what users run, side by side with sharp, and how good the pictures are that come of it.

The job is that of most: one picture in, four widths out, on one thread. What it costs is what the operating system
charges the processes for, CPU time and peak memory, so that neither side judges itself and waiting does not count.
Each run is made with one picture and with several: the difference is the cost of a picture, the former that of a
process for one picture. The two sides take turns (A B A B), so that whatever else the machine does strikes both, and
it is the ratio within a turn that counts. Nothing here fails because something is slow.
"""

import argparse
import datetime
import json
import os
import pathlib
import sys
import tempfile

import cases
import contenders
import document
import machine
import quality
import report

REPOSITORY = contenders.BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
DOCUMENT = REPOSITORY / "docs/benchmarks.md"


def arguments():
    parser = argparse.ArgumentParser(
        prog="compare.py", description="Compares thumbline with sharp: CPU time, memory, quality."
    )
    parser.add_argument("--pairs", type=count(1), default=5, metavar="N", help="turns of each side [5]")
    parser.add_argument("--pictures-per-run", type=count(2), default=6, metavar="N", help="for the cost of one [6]")
    parser.add_argument("--quick", action="store_true", help="one small picture, two pairs: to try it out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--docs", action="store_true", help=f"also write {DOCUMENT.relative_to(REPOSITORY)}")
    parser.add_argument(
        "--pictures",
        type=pathlib.Path,
        default=os.environ.get("BENCH_PICTURES") or None,
        metavar="DIR",
        help="your own pictures, each to JPEG and to WebP [$BENCH_PICTURES, or drawn ones]",
    )
    parser.add_argument("--thumbline", type=pathlib.Path, default=TARGET / "release/thumbline", metavar="FILE")
    parser.add_argument("--sharp", type=pathlib.Path, default=TARGET / "bench/sharp", metavar="DIR")
    parser.add_argument("--sharp-form", choices=("one-decode", "clones"), default="one-decode", help="see sharp.mjs")
    chosen = parser.parse_args()
    if chosen.docs and (chosen.quick or chosen.pictures):
        parser.error("the documentation shows the full run on the drawn pictures: not with --quick or --pictures")
    chosen.pictures = chosen.pictures and chosen.pictures.expanduser()
    if chosen.pictures and not chosen.pictures.is_dir():
        parser.error(f"{chosen.pictures} is not a folder")
    if chosen.quick:
        chosen.pairs = 2
    return chosen


def count(least):
    def parse(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too few: at least {least}")
        return number

    return parse


def compare(case, sides, pairs, pictures_per_run, folder):
    """Measures one case, and returns its report.Row."""
    made = pathlib.Path(tempfile.mkdtemp(dir=folder))
    outputs = {side.name: made / side.name for side in sides}
    # Not measured: this one reads the picture and the programs from the disk.
    for side in sides:
        contenders.run(side, [case.file], case.output_format, outputs[side.name])
    row = report.Row(case, {side.name: judge(case.file, outputs[side.name]) for side in sides})
    for pair in range(pairs):
        say(f"{case.label}: pair {pair + 1} of {pairs}")
        alone = {side.name: run(side, case, 1, outputs) for side in sides}
        several = {side.name: run(side, case, pictures_per_run, outputs) for side in sides}
        row.add(report.Pair(alone, several, pictures_per_run))
    return row


def run(side, case, pictures, outputs):
    return contenders.run(side, [case.file] * pictures, case.output_format, outputs[side.name])


def judge(file, out):
    """How good, and how large, the thumbnail of each width is."""
    full = quality.reference(file)
    files = {width: contenders.output(out, width) for width in contenders.WIDTHS}
    return {
        width: report.Quality(quality.similarity(full, thumbnail), thumbnail.stat().st_size)
        for width, thumbnail in files.items()
    }


def say(text):
    """Progress, for those who watch; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


def main():
    chosen = arguments()
    sides = [
        contenders.Thumbline(chosen.thumbline.resolve()),
        contenders.Sharp(chosen.sharp.resolve(), chosen.sharp_form),
    ]
    if chosen.pictures:
        todo = cases.of_folder(chosen.pictures.resolve())
    else:
        todo = cases.generated(TARGET / "bench/pictures", chosen.quick)
    check(sides, todo)
    setting = report.Setting(
        date=datetime.date.today().isoformat(),
        machine=machine.describe(),
        versions={**sides[0].versions(), "commit": machine.commit(REPOSITORY), **sides[1].versions()},
        pairs=chosen.pairs,
        pictures_per_run=chosen.pictures_per_run,
        peak_floor_bytes=contenders.charge(["true"], REPOSITORY).peak_bytes,
    )
    with tempfile.TemporaryDirectory(prefix="thumbline-bench-") as folder:
        folder = pathlib.Path(folder)
        rows = [compare(case, sides, chosen.pairs, chosen.pictures_per_run, folder) for case in todo]
    print(json.dumps(report.as_json(setting, rows), indent=2) if chosen.json else report.as_text(setting, rows))
    if chosen.docs:
        DOCUMENT.write_text(document.document(setting, rows), encoding="utf-8")
        say(f"{DOCUMENT.relative_to(REPOSITORY)} is written")


def check(sides, todo):
    """Nothing is measured for minutes only to find at the end that something is missing."""
    if not todo:
        raise contenders.Failed("there is no picture in that folder")
    needed = [sides[0].program, sides[1].working_folder / "node_modules/sharp", *(case.file for case in todo)]
    missing = [path for path in needed if not path.exists()]
    if missing:
        raise contenders.Failed(f"{missing[0]} is not there: `make bench` makes all that it needs")


if __name__ == "__main__":
    try:
        main()
    except contenders.Failed as failed:
        sys.exit(f"compare.py: {failed}")
