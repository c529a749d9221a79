"""The layer's zip, of a bootstrap that Lambda can run: pack.py BOOTSTRAP ARCHITECTURE FOLDER

What would fail only on Lambda is refused here: another processor's code, a C library newer than Amazon Linux 2023's, symbols
left in, and a zip that grew. The same bootstrap gives the same zip, so that an unchanged layer is not deployed again.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

# Amazon Linux 2023, which `provided.al2023` is.
NEWEST_GLIBC = (2, 34)
MOST_ZIP_BYTES = 8_000_000
MACHINES = {"arm64": "AArch64", "x86_64": "Advanced Micro Devices X86-64"}
# The first moment that a zip can hold.
MOMENT = (1980, 1, 1, 0, 0, 0)


def check(bootstrap, architecture):
    """What glibc it needs. Exits where Lambda would not run it."""
    header = readelf("--file-header", bootstrap)
    if f"Machine:{'':27}{MACHINES[architecture]}" not in header:
        sys.exit(f"{bootstrap} is not built for {architecture}")
    if ".symtab" in readelf("--sections", bootstrap):
        sys.exit(f"{bootstrap} still has its symbols: build it with the release profile")
    # Weak symbols may be missing: the code asks for them and does without.
    symbols = [line for line in readelf("--dyn-syms", bootstrap).splitlines() if " WEAK " not in line]
    needed = {tuple(map(int, found)) for line in symbols for found in re.findall(r"@GLIBC_(\d+)\.(\d+)", line)}
    newest = max(needed, default=(0, 0))
    if newest > NEWEST_GLIBC:
        culprits = [line.split()[7] for line in symbols if "@GLIBC_%d.%d" % newest in line]
        sys.exit(
            f"{bootstrap} needs glibc {dotted(newest)} ({', '.join(culprits)}), and Lambda has {dotted(NEWEST_GLIBC)}: "
            "build it on an older system, such as Debian 12 or Amazon Linux 2023"
        )
    return dotted(newest)


def pack(bootstrap, out):
    """The zip, with nothing in it that depends on when and where it was made."""
    out.parent.mkdir(parents=True, exist_ok=True)
    entry = zipfile.ZipInfo("bootstrap", MOMENT)
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(entry, bootstrap.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    size = out.stat().st_size
    if size > MOST_ZIP_BYTES:
        sys.exit(f"{out} has {size} bytes, and may have {MOST_ZIP_BYTES}: what made the bootstrap grow?")
    return size


def readelf(what, file):
    return subprocess.run(["readelf", "--wide", what, file], check=True, capture_output=True, text=True).stdout


def dotted(version):
    return ".".join(map(str, version))


if __name__ == "__main__":
    source, architecture, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    glibc = check(source, architecture)
    bootstrap = folder / architecture / "bootstrap"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, bootstrap)
    archive = folder / f"thumbline-layer-{architecture}.zip"
    size = pack(bootstrap, archive)
    print(f"{bootstrap}: {bootstrap.stat().st_size} bytes, {architecture}, glibc {glibc}")
    print(f"{archive}: {size} bytes")
