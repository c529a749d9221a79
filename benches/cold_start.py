"""Cold starts: from exec to the first call of Lambda's Runtime API, by turns, with everything in the page cache.

    cold_start.py [--rounds 30] [--docs]

Thumbline's layer beside the least that a function on the same runtime can be, and beside Node.js with sharp and the S3
client. What comes before exec on Lambda (a machine, the download of the layer) is Lambda's, and follows the layer's size.
"""

import argparse
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import time

import cold_start_report
import document
import machine
import results

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests/deploy/emulator/lambda_processes"))

from runtime_api import RuntimeApi  # noqa: E402

GIVEN_UP_S = 20
VARIABLES = {
    "PATH": "/usr/bin:/bin",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "cold",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/cold",
    "AWS_LAMBDA_LOG_STREAM_NAME": "cold",
    "_HANDLER": "resize",
    "LAMBDA_TASK_ROOT": str(PROJECT / "functions/resize/package"),
    "THUMBLINE_INPUT_BUCKET": "pictures",
    "THUMBLINE_OUTPUT_BUCKET": "thumbnails",
}


def start_ms(command):
    """One start."""
    api = RuntimeApi()
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env=VARIABLES | {"AWS_LAMBDA_RUNTIME_API": api.address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        if not api.asked.wait(GIVEN_UP_S) or api.first_call_at is None:
            process.kill()
            sys.exit(f"{command[0]} never asked for work: {process.communicate()[1].decode(errors='replace')[-2000:]}")
        return (api.first_call_at - began) * 1e3
    finally:
        process.kill()
        process.communicate()
        api.close()


def measure(contenders, rounds):
    """The median of each, measured by turns after a start that does not count."""
    starts = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, command in contenders.items():
            took = start_ms(command)
            if turn:
                starts[name].append(took)
    return {name: {"median_ms": statistics.median(taken), "least_ms": min(taken)} for name, taken in starts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--zip", required=True, type=pathlib.Path)
    parser.add_argument("--hello", required=True)
    parser.add_argument("--node", required=True, help="the folder with function.mjs and its packages")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    node = subprocess.run(["node", "-p", "process.execPath"], capture_output=True, text=True, check=True).stdout.strip()
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    starts = measure(
        {
            cold_start_report.OURS: [options.bootstrap],
            cold_start_report.HELLO: [options.hello],
            cold_start_report.NODE: [node, os.path.join(options.node, "function.mjs")],
        },
        options.rounds,
    )
    found = {
        "date": str(datetime.date.today()),
        "machine": machine.describe(),
        "commit": machine.commit(PROJECT),
        "node": version,
        "rounds": options.rounds,
        "zip_bytes": options.zip.stat().st_size,
        "starts": starts,
    }
    print("\n".join(cold_start_report.sections(found)))
    if options.docs:
        results.keep(results.COLD_STARTS, found)
        document.write()


if __name__ == "__main__":
    main()
