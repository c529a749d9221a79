"""Cold starts: from exec to the first call of Lambda's Runtime API, by turns, with everything in the page cache.

    cold_start.py [--rounds 30] [--docs]

Thumbline's layer beside the least that a function on the same runtime can be, and beside Node.js with sharp and the S3
client. What comes before exec on Lambda (a machine, the download of the layer) is Lambda's, and follows the layer's size.

Before it can talk to S3, the layer reads whom the system trusts, every file in the folder of certificates. Lambda's system has
two there, a desktop's Linux some hundred and fifty, so it is measured with both.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
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


def like_amazon_linux(folder):
    """Variables that have the same certificates found in `folder` as Amazon Linux 2023 lays them: two files, each with all of
    them, once as OpenSSL's "trusted" ones, which only OpenSSL reads."""
    bundle = ssl.get_default_verify_paths().cafile
    if bundle is None:
        sys.exit("no bundle of certificates is found; install ca-certificates, or set SSL_CERT_FILE to one")
    pem = pathlib.Path(bundle).read_text()
    folder.mkdir()
    (folder / "ca-bundle.crt").write_text(pem)
    (folder / "ca-bundle.trust.crt").write_text(pem.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"))
    return {"SSL_CERT_FILE": str(folder / "ca-bundle.crt"), "SSL_CERT_DIR": str(folder)}


def start_ms(command, variables):
    """One start."""
    api = RuntimeApi()
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env=VARIABLES | variables | {"AWS_LAMBDA_RUNTIME_API": api.address},
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
        for name, (command, variables) in contenders.items():
            took = start_ms(command, variables)
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
    with tempfile.TemporaryDirectory(dir=pathlib.Path(options.bootstrap).parent) as folder:
        folder = pathlib.Path(folder)
        amazon_linux = like_amazon_linux(folder / "certs")
        # Copies: what has just been written is in the page cache in large pieces, what was read in again in small ones.
        ours, hello = (shutil.copy(program, folder) for program in (options.bootstrap, options.hello))
        contenders = {
            cold_start_report.OURS: ([ours], amazon_linux),
            cold_start_report.OURS_HERE: ([ours], {}),
            cold_start_report.HELLO: ([hello], amazon_linux),
            cold_start_report.NODE: ([node, os.path.join(options.node, "function.mjs")], amazon_linux),
        }
        starts = measure(contenders, options.rounds)
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
