"""`make bench-photos`: the photographs that photos.toml lists, from Debian's packages, into a folder.

The packages are fetched by apt-get, which checks where they come from, and unpacked without being installed. Each one's
copyright file is kept beside the pictures.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

LIST = pathlib.Path(__file__).with_name("photos.toml")
TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg", "jpegtran": "libjpeg-turbo-progs"}
# SOF2 (ITU-T T.81, table B.1): the frame is progressive.
PROGRESSIVE_MARKER = 0xC2
FRAME_MARKERS = (0xC0, 0xC1, PROGRESSIVE_MARKER)


def main(folder):
    folder = pathlib.Path(folder)
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(
            f"photos.py: {' and '.join(missing)} missing. The photographs come from Debian's packages: on Debian, Ubuntu "
            "and the like. Elsewhere, measure your own: make bench-jpeg BENCH_PICTURES=DIR"
        )
    photographs = tomllib.loads(LIST.read_text(encoding="utf-8"))["photograph"]
    (folder / "licences").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = pathlib.Path(scratch)
        for package in sorted({photograph["package"] for photograph in photographs}):
            unpack(package, scratch / package)
            copyright_file = scratch / package / "usr/share/doc" / package / "copyright"
            shutil.copyfile(copyright_file, folder / "licences" / package)
        for photograph in photographs:
            make(photograph, scratch, folder)
            print(f"{photograph['name']}: {photograph['photographer']}, {photograph['licence']}")


def unpack(package, folder):
    folder.mkdir()
    try:
        subprocess.run(["apt-get", "download", "--quiet", package], cwd=folder, check=True)
    except subprocess.CalledProcessError:
        sys.exit(f"photos.py: apt-get does not find {package}: `apt-get update` may help, or a release of Debian has it not")
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)


def make(photograph, scratch, folder):
    """Both codings, under names that exist only when they are whole."""
    source = scratch / photograph["package"] / photograph["path"]
    if "crop" in photograph:
        source = transcode(source, scratch / "cropped.jpg", "-crop", photograph["crop"])
    if "times" in photograph:
        source = repeat(source, photograph["times"], scratch)
    for name, coding in ((photograph["name"], []), (f"{photograph['name']}-progressive", ["-progressive"])):
        if "crop" in photograph or "times" in photograph or is_progressive(source) != bool(coding):
            file = transcode(source, scratch / "coded.jpg", *coding)
        else:
            file = source
        shutil.move(shutil.copyfile(file, scratch / "whole.jpg"), folder / f"{name}.jpg")


def transcode(source, out, *options):
    """By jpegtran: other coding of the same coefficients, or of a part of them."""
    subprocess.run(["jpegtran", "-copy", "none", *options, "-outfile", out, source], check=True)
    return out


def repeat(source, times, scratch):
    """The picture so many times side by side: a larger one, into which it is dropped again and again."""
    width, height = size(source)
    joined = transcode(source, scratch / "joined-0.jpg", "-crop", f"{width * times}x{height}+0+0")
    for index in range(1, times):
        place = ["-drop", f"+{width * index}+0", source]
        joined = transcode(joined, scratch / f"joined-{index}.jpg", *place)
    return joined


def is_progressive(file):
    return frame(file)[0] == PROGRESSIVE_MARKER


def size(file):
    _, header = frame(file)
    return int.from_bytes(header[3:5], "big"), int.from_bytes(header[1:3], "big")


def frame(file):
    """The marker of the frame header, and its parameters (ITU-T T.81, B.2.2)."""
    data, at = file.read_bytes(), 2
    while data[at + 1] not in FRAME_MARKERS:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[at + 1], data[at + 4 :]


if __name__ == "__main__":
    main(sys.argv[1])
