"""Runs the fuzzer on the imaging engine: builds its targets, lets each look for a while, keeps what it found.

`make fuzz` calls this. Finds end up in fuzz/artifacts/TARGET, with the command that shows them again. With --keep what has
been learnt is made small and put into fuzz/corpus, which `make test` replays; with --docs the figures go into
docs/fuzzing.md.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
CORPUS = FUZZ / "corpus"
DOCS = ROOT / "docs" / "fuzzing.md"
# Those first in which a mistake is likeliest: the harness has the same list.
TARGETS = ["webp", "gif", "png", "tiff", "bmp", "avif", "metadata", "animation", "encode", "jpeg", "lossy"]
# By the clock: at the lowest priority, beside other work, a hundredth of a second takes several.
MAX_INPUT_BYTES = 16_384
LIMITS = [f"-max_len={MAX_INPUT_BYTES}", "-rss_limit_mb=1024", "-timeout=60", "-report_slow_units=60"]
# What is kept in the repository.
MAX_ENTRY_BYTES = 8 * 1024
MAX_TARGET_BYTES = 160 * 1024
MAX_TARGET_ENTRIES = 600
# The order of the columns in the documentation.
COLUMNS = ["target", "minutes", "runs", "coverage", "features", "corpus", "peak MiB", "finds", "date"]


def main():
    arguments = parse_arguments()
    check_tools()
    home = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "fuzz"
    targets = arguments.target.split(",") if arguments.target else TARGETS
    unknown = [target for target in targets if target not in TARGETS]
    if unknown:
        sys.exit(f"no target is called {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if not (home / "seeds").is_dir():
        plant_seeds(home / "seeds")
    finds = 0
    for target in targets:
        cargo_fuzz("build", home, target)
        if arguments.minutes:
            result = run(target, home, arguments.minutes)
            finds += result["finds"]
            print(describe(result), flush=True)
        if arguments.keep:
            keep(target, home)
    if arguments.docs:
        write_table(home)
    if finds:
        sys.exit(f"{finds} inputs break a promise: they are in {FUZZ / 'artifacts'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=10, help="for each target; 0 builds only")
    parser.add_argument("--target", help=f"one, or several with commas: {', '.join(TARGETS)}")
    parser.add_argument("--keep", action="store_true", help="make the corpus small and put it into fuzz/corpus")
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/fuzzing.md")
    return parser.parse_args()


def check_tools():
    if sys.platform != "linux":
        sys.exit("the fuzzer runs on Linux only: it counts memory by the address sanitizer's hooks")
    for command, missing in [
        (["cargo", "+nightly", "--version"], "a nightly toolchain: rustup toolchain install nightly"),
        (["cargo", "fuzz", "--version"], "cargo-fuzz: cargo install --locked cargo-fuzz"),
    ]:
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            sys.exit(f"fuzzing needs {missing}")


def plant_seeds(folder):
    command = ["cargo", "run", "--quiet", "--locked", "--package", "thumbline-fuzz-harness", "--example", "seeds"]
    subprocess.run([*command, "--", str(folder)], cwd=ROOT, check=True)


def lowest_priority():
    os.nice(19)


def cargo_fuzz(verb, home, *arguments, **options):
    # As it ships, without the checks that rav1e and rav1d are slow with: ours keep them (fuzz/Cargo.toml).
    command = ["cargo", "+nightly", "fuzz", verb, "-O", "--fuzz-dir", str(FUZZ), "--target-dir", str(home / "build")]
    environment = {**os.environ, "CFLAGS": f"{os.environ.get('CFLAGS', '')} {instrumentation()}".strip()}
    options |= {"cwd": ROOT, "env": environment, "check": verb == "build", "preexec_fn": lowest_priority}
    return subprocess.run([*command, *arguments], **options)


def instrumentation():
    """What makes the C compiler guard memory and tell where C code goes, as rustc does for Rust."""
    said = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True, check=True)
    if "clang" in said.stdout:
        return "-g -fsanitize=address,fuzzer-no-link"
    return "-g -fsanitize=address -fsanitize-coverage=trace-pc,trace-cmp"


def run(target, home, minutes):
    learnt = home / "corpus" / target
    learnt.mkdir(parents=True, exist_ok=True)
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    before = artifacts(target)
    log = home / f"{target}.log"
    print(f"{target}: {minutes} minutes, {log}", flush=True)
    folders = [str(learnt), str(CORPUS / target), str(home / "seeds" / target)]
    options = ["--", *LIMITS, f"-max_total_time={minutes * 60}", "-print_final_stats=1"]
    begun = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        done = cargo_fuzz("run", home, target, *folders, *options, stdout=output, stderr=subprocess.STDOUT)
    said = log.read_text(encoding="utf-8", errors="replace")
    progress = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/", said)
    cov, features, entries = progress[-1] if progress else (0, 0, 0)
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", said))
    finds = len(artifacts(target) - before)
    result = {
        "target": target,
        # A find ends it early.
        "minutes": round((time.monotonic() - begun) / 60),
        "runs": int(stats.get("number_of_executed_units", 0)),
        "coverage": int(cov),
        "features": int(features),
        "corpus": int(entries),
        "peak MiB": int(stats.get("peak_rss_mb", 0)),
        "finds": max(finds, 0 if done.returncode == 0 else 1),
        "contained": sorted(set(re.findall(r"contained: a panic at (\S+)", said))),
        "date": datetime.date.today().isoformat(),
    }
    (home / f"{target}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def artifacts(target):
    folder = FUZZ / "artifacts" / target
    return set(folder.iterdir()) if folder.is_dir() else set()


def describe(result):
    return "{target}: {runs} runs, coverage {coverage}, {corpus} inputs kept, {finds} finds".format(**result)


def keep(target, home):
    """Of all that was learnt, what it takes for the same coverage; the smallest first, up to a limit."""
    merged = home / "merged" / target
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir(parents=True)
    sources = [home / "corpus" / target, CORPUS / target, home / "seeds" / target]
    folders = [str(folder) for folder in [merged, *sources] if folder.is_dir()]
    with (home / f"{target}-merge.log").open("w", encoding="utf-8") as output:
        options = ["--", "-set_cover_merge=1", *LIMITS]
        cargo_fuzz("run", home, target, *folders, *options, stdout=output, stderr=subprocess.STDOUT)
    entries = sorted((file.read_bytes() for file in merged.iterdir()), key=len)
    if not entries:
        sys.exit(f"{target}: nothing is left of the corpus; see {home / f'{target}-merge.log'}")
    # What was found once has a name, and stays.
    for old in (CORPUS / target).glob("*"):
        if not old.name.startswith("found-"):
            old.unlink()
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    kept = 0
    for entry in entries[:MAX_TARGET_ENTRIES]:
        if len(entry) > MAX_ENTRY_BYTES or kept + len(entry) > MAX_TARGET_BYTES:
            break
        kept += len(entry)
        (CORPUS / target / hashlib.sha256(entry).hexdigest()[:16]).write_bytes(entry)
    count = len(list((CORPUS / target).iterdir()))
    print(f"{target}: {count} of {len(entries)} inputs kept, {kept} bytes", flush=True)


def write_table(home):
    """A row for each target: of its last run here, or else the one that the table has."""
    text = DOCS.read_text(encoding="utf-8")
    begin, end = "<!-- figures -->\n", "<!-- /figures -->\n"
    front, rest = text.split(begin)
    table, behind = rest.split(end)
    there = {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` .*$", table, re.MULTILINE)}
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for target in TARGETS:
        file = home / f"{target}.json"
        if file.is_file():
            lines.append(row(json.loads(file.read_text(encoding="utf-8"))))
        elif target in there:
            lines.append(there[target])
    lines += ["", f"{processor()}, one of {os.cpu_count()} cores."]
    DOCS.write_text(f"{front}{begin}\n" + "\n".join(lines) + f"\n\n{end}{behind}", encoding="utf-8")


def row(result):
    shown = {column: f"{result[column]:,}" for column in COLUMNS if isinstance(result[column], int)}
    shown = {**result, **shown, "target": f"`{result['target']}`"}
    return "| " + " | ".join(shown[column] for column in COLUMNS) + " |"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
