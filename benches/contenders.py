"""Who is compared: the same job for both, as one command over any number of files, on one thread."""

import json
import pathlib
import subprocess
import sys

BENCHES = pathlib.Path(__file__).resolve().parent
WIDTHS = (1280, 640, 320, 128)
QUALITY = 80


class Failed(Exception):
    """A command did not do its job; says which, and what it said about it."""


class Usage:
    """What one process cost."""

    def __init__(self, cpu_ms, peak_bytes):
        self.cpu_ms = cpu_ms
        self.peak_bytes = peak_bytes


class Thumbline:
    """`thumbline render`, as its users run it."""

    name = "thumbline"

    def __init__(self, program):
        self.program = program
        self.working_folder = BENCHES.parent

    def command(self, files, output_format, out):
        presets = " ".join(f"w{width}={width}x:{output_format}:q{QUALITY}" for width in WIDTHS)
        return [str(self.program), "render", *map(str, files), "--out", str(out), "--presets", presets, "--jobs", "1"]

    def versions(self):
        answer = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return {"thumbline": answer.stdout.split()[-1]}


class Sharp:
    """benches/sharp.mjs on the sharp that is installed in `home`."""

    name = "sharp"

    def __init__(self, home, form):
        self.working_folder = home
        self.script = ["node", str(BENCHES / "sharp.mjs"), "--form", form]

    def command(self, files, output_format, out):
        widths = ",".join(map(str, WIDTHS))
        job = ["--out", str(out), "--format", output_format, "--quality", str(QUALITY), "--widths", widths]
        return [*self.script, *job, *map(str, files)]

    def versions(self):
        command = [*self.script, "--versions"]
        answer = subprocess.run(command, cwd=self.working_folder, capture_output=True, text=True, check=True)
        versions = json.loads(answer.stdout)
        return {"sharp": versions["sharp"], "libvips": versions["vips"], "node": versions["node"]}


def run(contender, files, output_format, out):
    """Lets a contender make thumbnails of `files` in one process, and returns the `Usage` of that process."""
    out.mkdir(parents=True, exist_ok=True)
    return charge(contender.command(files, output_format, out), contender.working_folder)


def charge(command, folder):
    """Runs a command through measure.py."""
    launcher = [sys.executable, "-I", "-S", str(BENCHES / "measure.py")]
    launched = subprocess.run([*launcher, *command], cwd=folder, capture_output=True, text=True)
    if launched.returncode != 0:
        raise Failed(f"{command[0]} could not be started: {launched.stderr.strip()}")
    cpu_seconds, peak_bytes, exit_code = launched.stdout.split()
    if exit_code != "0":
        raise Failed(f"{' '.join(command)}\nended with {exit_code}: {launched.stderr.strip()}")
    return Usage(float(cpu_seconds) * 1000, int(peak_bytes))


def output(out, width):
    """The thumbnail of a width, wherever below `out` a contender has put it."""
    found = sorted(out.rglob(f"w{width}.*"))
    if len(found) != 1:
        raise Failed(f"{out} should hold one thumbnail {width} wide, and holds {len(found)}")
    return found[0]
