"""`make bench`: what users run, side by side with what else there is, and how good the pictures are that come of it.

The job is that of most: one picture in, four widths out. What it costs is what the operating system
charges the processes for, CPU time and peak memory, so that nobody judges itself. Each run is made with one picture and
with several: the difference is the cost of a picture, the former that of a process for one picture. The contenders take
turns (A B A B), so that whatever else the machine does strikes all of them; and since noise only adds, the least of the
runs is what counts. How far that goes is shown by holding two of them against themselves. Nothing here fails because
something is slow.
"""

import argparse
import datetime
import itertools
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
import results

REPOSITORY = contenders.BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()

# Those who are only there for comparison are slow, some of them very: fewer turns, of fewer pictures.
OTHERS_ROUNDS, OTHERS_PICTURES = 2, 2
LOSSLESS = "png"


def arguments():
    parser = argparse.ArgumentParser(
        prog="compare.py", description="Compares thumbline with others: CPU and wall time, memory, quality."
    )
    parser.add_argument("--rounds", type=count(1), default=5, metavar="N", help="turns of each side [5]")
    parser.add_argument("--pictures-per-run", type=count(2), default=6, metavar="N", help="for the cost of one [6]")
    parser.add_argument("--quick", action="store_true", help="one small picture, two rounds: to try it out")
    parser.add_argument("--only", metavar="TEXT", help="only the rows whose names contain this")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md and its chart")
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
    parser.add_argument("--image", type=pathlib.Path, default=TARGET / "release/thumbline-bench-image", metavar="FILE")
    parser.add_argument("--pair", action="store_true", help="thumbline and sharp only")
    chosen = parser.parse_args()
    if chosen.docs and (chosen.quick or chosen.pictures or chosen.only or chosen.pair):
        parser.error("the documentation shows the full run on the drawn pictures: not with a part of it, or others")
    chosen.pictures = chosen.pictures and chosen.pictures.expanduser()
    if chosen.pictures and not chosen.pictures.is_dir():
        parser.error(f"{chosen.pictures} is not a folder")
    if chosen.quick:
        chosen.rounds = 2
    return chosen


def count(least):
    def parse(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too few: at least {least}")
        return number

    return parse


class Bench:
    """The two sides that it is about, the others, and how often each has its turn."""

    def __init__(self, chosen, folder):
        self.sides = [
            contenders.Thumbline(chosen.thumbline.resolve()),
            contenders.Sharp(chosen.sharp.resolve(), chosen.sharp_form),
        ]
        self.others = (
            []
            if chosen.pair
            else [
                contenders.InPython("pyvips", "with_pyvips.py"),
                contenders.InPython("Pillow", "with_pillow.py"),
                contenders.ImageCrate(chosen.image.resolve(), "thumbnail"),
                contenders.ImageCrate(chosen.image.resolve(), "lanczos3"),
            ]
        )
        self.rounds = chosen.rounds
        self.pictures = chosen.pictures_per_run
        self.folder = folder

    def check(self, todo):
        """Nothing is measured for minutes only to find at the end that something is missing."""
        if not todo:
            raise contenders.Failed("there is no such picture")
        needed = [path for side in [*self.sides, *self.others] for path in side.needed]
        missing = [path for path in [*needed, *(case.file for case in todo)] if not path.exists()]
        if missing:
            raise contenders.Failed(f"{missing[0]} is not there: `make bench` makes all that it needs")

    def versions(self):
        found = {}
        for side in [*self.sides, *self.others]:
            found.update(side.versions())
        return found

    def measure(self, case, reference):
        """One row: every contender's cost and quality, or why it does not take the picture."""
        row = results.Row(case)
        made = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        takers = []
        for side in [*self.sides, *(self.others if case.all_contenders else [])]:
            try:
                contenders.warm_up(side, case.file, case.output_format, made / side.name)
            except contenders.Unsupported as unsupported:
                row.refuse(side.name, str(unsupported))
                continue
            row.judge(side.name, judge(reference, made / side.name))
            takers.append(side)
        for number in range(self.rounds):
            say(f"{case.label}: round {number + 1} of {self.rounds}")
            for side in takers:
                main = side in self.sides
                if main or number < OTHERS_ROUNDS:
                    pictures = self.pictures if main else OTHERS_PICTURES
                    row.add(side.name, self.turn(side, case, pictures, made / side.name))
        return row

    def judge_unencoded(self, file, reference):
        """The SSIM of each side's pixels, by width: an encoder's whims come to some thousandths in both directions."""
        judged = {}
        for side in self.sides:
            out = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            try:
                contenders.warm_up(side, file, LOSSLESS, out)
            except contenders.Unsupported:
                continue
            judged[side.name] = {width: entry["ssim"] for width, entry in judge(reference, out).items()}
        return judged

    def turn(self, side, case, pictures, out):
        alone = contenders.run(side, [case.file], case.output_format, out)
        several = contenders.run(side, [case.file] * pictures, case.output_format, out)
        return results.Turn(alone, several, pictures)

    def against_itself(self, side, case):
        """The same program in both places: what is not 1.0 here is noise. None if it does not take the picture."""
        out = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        try:
            contenders.warm_up(side, case.file, case.output_format, out)
        except contenders.Unsupported:
            return None
        turns = ([], [])
        for number in range(self.rounds):
            say(f"{side.name} against itself: round {number + 1} of {self.rounds}")
            for place in turns:
                place.append(self.turn(side, case, self.pictures, out))
        return results.against_itself(f"{side.name}, {case.label}", *turns)


def judge(reference, out):
    """How good, and how large, the thumbnail of each width is."""
    files = {width: contenders.output(out, width) for width in contenders.WIDTHS}
    return {
        str(width): {"ssim": reference.similarity(thumbnail), "bytes": thumbnail.stat().st_size}
        for width, thumbnail in files.items()
    }


def say(text):
    """Progress, for those who watch; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


def run(chosen, folder):
    bench = Bench(chosen, folder)
    if chosen.pictures:
        todo = cases.of_folder(chosen.pictures.resolve())
    else:
        todo = cases.generated(TARGET / "bench/pictures", chosen.quick)
    todo = [case for case in todo if (chosen.only or "").lower() in case.label.lower()]
    bench.check(todo)
    setting = {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "commit": machine.commit(REPOSITORY),
        "versions": bench.versions(),
        "rounds": chosen.rounds,
        "pictures_per_run": chosen.pictures_per_run,
        # What the launcher lends to each process that it measures: no peak can be seen to be smaller.
        "peak_floor_bytes": contenders.charge(["true"], REPOSITORY).peak_bytes,
    }
    rows = []
    for file, some in itertools.groupby(todo, key=lambda case: case.file):
        reference = quality.Reference(file)
        unencoded = bench.judge_unencoded(file, reference)
        rows += [{**bench.measure(case, reference).as_json(), "unencoded_ssim": unencoded} for case in some]
    usual = cases.held_against_itself(todo)
    itself = [found for side in bench.sides if (found := bench.against_itself(side, usual))]
    return {"setting": setting, "rows": rows, "itself": itself}


def main():
    chosen = arguments()
    with tempfile.TemporaryDirectory(prefix="thumbline-bench-") as folder:
        found = run(chosen, pathlib.Path(folder))
    results.keep(TARGET / "bench/last.json", found)
    print(json.dumps(found, indent=1, ensure_ascii=False) if chosen.json else report.as_text(found))
    if chosen.docs:
        results.keep(results.COSTS, found)
        document.write()
        say("docs/benchmarks.md is written")


if __name__ == "__main__":
    try:
        main()
    except contenders.Failed as failed:
        sys.exit(f"compare.py: {failed}")
