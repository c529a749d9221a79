"""`make bench-jpeg`: our JPEG decoder beside libjpeg-turbo's and zune-jpeg, on photographs.

Measuring itself is the crate's own benchmark, shared/jpeg/benches/djpeg.rs. With --docs the figures are kept, and become a
section of docs/benchmarks.md and the table of the crate's README.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import tomllib

import contenders
import document
import jpeg_report
import machine
import photos
import results

REPOSITORY = contenders.BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()


def arguments():
    parser = argparse.ArgumentParser(prog="jpeg.py", description="Our JPEG decoder beside others.")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md and the crate's README")
    parser.add_argument("--pictures", type=pathlib.Path, default=TARGET / "bench/photos", metavar="DIR")
    return parser.parse_args()


def main():
    chosen = arguments()
    files = sorted(chosen.pictures.resolve().glob("*.jpg"), key=order)
    with tempfile.TemporaryDirectory(prefix="thumbline-jpeg-") as folder:
        out = pathlib.Path(folder) / "rows.json"
        bench = ["cargo", "bench", "--quiet", "--locked", "-p", "thumbline-jpeg", "--bench", "djpeg", "--"]
        subprocess.run([*bench, "--json", out, *files], cwd=REPOSITORY, check=True)
        rows = json.loads(out.read_text(encoding="utf-8"))
    if chosen.docs:
        found = {"setting": setting(), "photographs": credits(), "rows": rows}
        results.keep(results.JPEG, found)
        jpeg_report.write_readme(found)
        document.write()


def order(file):
    """By coding, then by size."""
    width, height = photos.size(file)
    return photos.is_progressive(file), width * height, file.name


def setting():
    djpeg = subprocess.run(["djpeg", "-version"], capture_output=True, text=True, check=True)
    version = (djpeg.stdout + djpeg.stderr).splitlines()[0].removesuffix(")").replace(" (build ", ", build ")
    lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text(encoding="utf-8"))
    zune = next(package["version"] for package in lock["package"] if package["name"] == "zune-jpeg")
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "commit": machine.commit(REPOSITORY),
        "versions": {"djpeg": version, "zune-jpeg": zune},
    }


def credits():
    return tomllib.loads(photos.LIST.read_text(encoding="utf-8"))["photograph"]


if __name__ == "__main__":
    main()
