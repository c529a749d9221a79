"""`make layout`: finds out which functions `thumbline render` runs, and writes hot.ld, which lays them side by side.

Pictures of each format are rendered under valgrind's callgrind, which tells the address of every instruction that is run;
the linker's map tells whose section that is. The names of Rust's functions have numbers of the crates in them that change
with each version of whatever they depend on, and counts of letters that change with those: these are left open.
"""

import argparse
import bisect
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WIDTHS = (1280, 640, 320, 128)

# What is rendered how: what most people do first, for each job's functions that none before it had come after those.
JOBS = [
    ("3mp.jpg", "jpeg:q80"),
    ("24mp.jpg", "jpeg:q80"),
    ("3mp.jpg", "webp:q75"),
    ("12mp-progressive.jpg", "webp:q75"),
    ("12mp-p3-upright.jpg", "jpeg:q80"),
    ("8mp-444.jpg", "webp:q75"),
    ("interlaced.png", "jpeg:q80"),
    ("12mp.png", "webp:q75"),
    ("12mp-rgba.png", "webp:q75"),
    ("12mp.webp", "jpeg:q80"),
    ("animation.gif", "jpeg:q80"),
    ("12mp.avif", "jpeg:q80"),
]

# Of a mangled name (RFC 2603): the number of a crate, and a reference back to a place in the name.
CRATE = re.compile(r"Cs[0-9A-Za-z]+_")
BACK_REFERENCE = re.compile(r"B[0-9A-Za-z]*_")

# What LLVM appends to names that it would have twice.
COUNT = re.compile(r"\.\d+$")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="thumbline, as it is shipped")
    parser.add_argument("map", type=pathlib.Path, help="what the linker wrote when it was made")
    parser.add_argument("pictures", type=pathlib.Path, help="those of the benchmark")
    chosen = parser.parse_args()
    sections = Sections(chosen.map.read_text(encoding="utf-8"))
    patterns = {}
    for picture, output in JOBS:
        run = sections.of(addresses(chosen.program, chosen.pictures / picture, output))
        before = len(patterns)
        patterns.update(dict.fromkeys(pattern(name) for name in run))
        print(f"{picture} to {output}: {len(run)} functions, {len(patterns) - before} of them new", flush=True)
    lines = "".join(f"    *({name})\n" for name in patterns)
    (HERE / "hot.ld").write_text(HEAD + lines + TAIL, encoding="utf-8")


def pattern(name):
    name = COUNT.sub(".*", name)
    return BACK_REFERENCE.sub("B*_", CRATE.sub("Cs*_", name)) if "._R" in name else name


class Sections:
    """Where the linker put each function."""

    # An address, the one it is loaded at, size, alignment, and the file with the section, of which C's have no names.
    LINE = re.compile(r"^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ +\S.*:\((\.text\.[A-Za-z_][A-Za-z0-9_.$]*)\)$")

    def __init__(self, text):
        found = filter(None, map(self.LINE.match, text.splitlines()))
        self.found = sorted((int(line[1], 16), int(line[2], 16), line[3]) for line in found)
        self.starts = [start for start, _, _ in self.found]
        if not self.found:
            raise SystemExit("the map has no functions: is it of LLVM's linker?")

    def of(self, addresses):
        """The names of those that have these addresses, in the order of the names."""
        names = set()
        for address in addresses:
            place = bisect.bisect_right(self.starts, address) - 1
            if place >= 0 and address < self.found[place][0] + self.found[place][1]:
                names.add(self.found[place][2])
        return sorted(names)


def addresses(program, picture, output):
    """The address of each instruction of the program that is run."""
    presets = " ".join(f"w{width}={width}x:{output}" for width in WIDTHS)
    with tempfile.TemporaryDirectory() as folder:
        job = [program, "render", picture, "--out", f"{folder}/out", "--presets", presets, "--jobs", "1", "--json"]
        profile = pathlib.Path(folder, "profile")
        watch = ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={profile}"]
        subprocess.run([*watch, *job], check=True, capture_output=True)
        return instructions(profile.read_text(encoding="utf-8"), program)


def instructions(profile, program):
    """Those of callgrind's format: whole addresses, and differences to the one before."""
    objects, inside, address, found = {}, False, 0, set()
    for line in profile.splitlines():
        if line.startswith(("ob=", "cob=")):
            number, _, name = line.partition("=")[2].partition(" ")
            objects[number] = name or objects[number]
            if line.startswith("ob="):
                inside = objects[number] == str(program)
        elif re.match(r"(0x|[+*-])", line):
            place = line.split(" ", 1)[0]
            if place.startswith("0x"):
                address = int(place, 16)
            elif place != "*":
                address += int(place, 0)
            if inside:
                found.add(address)
    return found


HEAD = """/* The functions that rendering a picture runs, for the linker to lay them side by side. Written by `make layout`. */
SECTIONS
{
  .text.hot :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""

if __name__ == "__main__":
    main()
