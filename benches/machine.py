"""What was measured on, in words that tell a reader whether it is like theirs."""

import os
import pathlib
import platform
import subprocess

# What decides about the figures; a changed test elsewhere in the tree does not.
MEASURED = ("Cargo.toml", "Cargo.lock", "cli", "shared", ":(exclude)*.md")


def describe():
    return {"cpu": cpu_model(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def commit(repository):
    """The commit that was built, as far as git can tell."""
    try:
        head = git(repository, "rev-parse", "--short=10", "HEAD")
        changed = git(repository, "status", "--porcelain", "--untracked-files=no", "--", *MEASURED)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head} and changes" if changed else head


def git(repository, *command):
    answer = subprocess.run(["git", *command], cwd=repository, capture_output=True, text=True, check=True)
    return answer.stdout.strip()
