"""Who is compared: the same job for all, as one command over any number of files.

All but Thumbline work on one thread; it encodes on as many as there are cores, and CPU time counts them all.

Each is in its best form for the job: one decode, shrunk while it is loaded where the library can, and the smaller
pictures made of the largest. The exception says so in its name.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tomllib

BENCHES = pathlib.Path(__file__).resolve().parent
WIDTHS = (1280, 640, 320, 128)
# WebP at its own library's default; all encode it with method 4, which sharp calls effort. PNG has no use for any.
QUALITY = {"jpeg": 80, "webp": 75, "png": 100}


class Failed(Exception):
    """A command did not do its job; says which, and what it said about it."""


class Unsupported(Exception):
    """A contender does not take a picture; says why, in its own words."""


@dataclasses.dataclass(frozen=True)
class Usage:
    """What one process cost."""

    cpu_ms: float
    wall_ms: float
    peak_bytes: int


class Contender:
    """A program that makes thumbnails. `needed` is what must be there for it to run."""

    name: str
    working_folder = BENCHES
    needed: list

    def command(self, files, output_format, out):
        raise NotImplementedError

    def versions(self):
        raise NotImplementedError

    def explain(self, finished):
        """Why it made nothing, in a line."""
        lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
        telling = [line for line in lines if "Error" in line] or lines
        return telling[-1] if telling else f"ended with {finished.returncode}"


class Thumbline(Contender):
    """`thumbline render`, as its users run it."""

    name = "thumbline"

    def __init__(self, program):
        self.program = program
        self.working_folder = BENCHES.parent
        self.needed = [program]

    def command(self, files, output_format, out):
        quality = QUALITY[output_format]
        presets = " ".join(f"w{width}={width}x:{output_format}:q{quality}" for width in WIDTHS)
        job = ["--out", str(out), "--presets", presets, "--jobs", "1", "--json"]
        return [str(self.program), "render", *map(str, files), *job]

    def versions(self):
        return {"thumbline": answer_of([self.program, "--version"]).split()[-1]}

    def explain(self, finished):
        for line in finished.stdout.splitlines():
            answer = json.loads(line)
            return f"{answer['outcome']} ({answer['reason']}): {answer.get('message') or ''}".rstrip(": ")
        return super().explain(finished)


class Scripted(Contender):
    """A program of this folder that takes the job as options: sharp.mjs says which."""

    script: list

    def command(self, files, output_format, out):
        widths = ",".join(map(str, WIDTHS))
        quality = str(QUALITY[output_format])
        job = ["--out", str(out), "--format", output_format, "--quality", quality, "--widths", widths]
        return [*self.script, *job, *map(str, files)]

    def versions(self):
        return json.loads(answer_of([*self.script, "--versions"], self.working_folder))


class Sharp(Scripted):
    """benches/sharp.mjs on the sharp that is installed in `home`."""

    name = "sharp"

    def __init__(self, home, form):
        self.working_folder = home
        self.script = ["node", str(BENCHES / "sharp.mjs"), "--form", form]
        self.needed = [home / "node_modules/sharp"]

    def versions(self):
        versions = super().versions()
        return {"sharp": versions["sharp"], "libvips": versions["vips"], "Node.js": versions["node"]}


class InPython(Scripted):
    """A script of this folder, run by this very Python."""

    def __init__(self, name, script):
        self.name = name
        self.script = [sys.executable, str(BENCHES / script)]
        self.needed = []


class ImageCrate(Scripted):
    """The program in benches/image-crate."""

    def __init__(self, program, form):
        self.name = f"image {form}"
        self.script = [str(program), "--form", form]
        self.needed = [program]

    def versions(self):
        """As the lock file has it."""
        locked = tomllib.loads((BENCHES.parent / "Cargo.lock").read_text(encoding="utf-8"))
        return {"image": next(package["version"] for package in locked["package"] if package["name"] == "image")}


def answer_of(command, folder=BENCHES):
    answer = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    if answer.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nended with {answer.returncode}: {answer.stderr.strip()}")
    return answer.stdout


def environment():
    """One thread for those who are told so by it."""
    return {**os.environ, "VIPS_CONCURRENCY": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def warm_up(contender, file, output_format, out):
    """Makes the thumbnails that are judged. Not measured: this one reads picture and program from the disk."""
    out.mkdir(parents=True, exist_ok=True)
    command = contender.command([file], output_format, out)
    finished = subprocess.run(command, cwd=contender.working_folder, env=environment(), capture_output=True, text=True)
    if finished.returncode != 0:
        # Where the picture lies on this machine is nobody else's business.
        raise Unsupported(contender.explain(finished).replace(str(file), file.name))


def run(contender, files, output_format, out):
    """Lets a contender make thumbnails of `files` in one process, and returns the `Usage` of that process."""
    out.mkdir(parents=True, exist_ok=True)
    return charge(contender.command(files, output_format, out), contender.working_folder)


def charge(command, folder, may_fail=False):
    """Runs a command through measure.py."""
    launcher = [sys.executable, "-I", "-S", str(BENCHES / "measure.py")]
    launched = subprocess.run([*launcher, *command], cwd=folder, env=environment(), capture_output=True, text=True)
    if launched.returncode != 0:
        raise Failed(f"{command[0]} could not be started: {launched.stderr.strip()}")
    cpu_seconds, wall_seconds, peak_bytes, exit_code = launched.stdout.split()
    if exit_code != "0" and not may_fail:
        raise Failed(f"{' '.join(command)}\nended with {exit_code}: {launched.stderr.strip()}")
    return Usage(float(cpu_seconds) * 1000, float(wall_seconds) * 1000, int(peak_bytes))


def output(out, width):
    """The thumbnail of a width, wherever below `out` a contender has put it."""
    found = sorted(out.rglob(f"w{width}.*"))
    if len(found) != 1:
        raise Failed(f"{out} should hold one thumbnail {width} wide, and holds {len(found)}")
    return found[0]
