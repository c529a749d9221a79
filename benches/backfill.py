"""`make bench-backfill`: pictures a second of `thumbline backfill --via here`, S3 and all, beside a loop of sharp on files.

Ours reads every picture from the embedded S3 and writes thumbnails and a manifest into it; S3's own work is done by the same
cores. sharp reads files and writes files, in as many processes as there are cores. By turns; the best of each counts.
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse

import backfill_report
import contenders
import document
import machine
import results

BENCHES = pathlib.Path(__file__).resolve().parent
PROJECT = BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")).resolve()

SOURCE = "12mp.jpg"
PICTURES = 64
ROUNDS = 3
INPUT = "pictures"
FORMATS = ("webp", "jpeg")


class S3:
    """The embedded S3, as far as this needs it: buckets, and objects put into them."""

    def __init__(self, ready):
        self.url = urllib.parse.urlsplit(ready["s3"])
        self.region, self.key_id, self.secret = (ready[name] for name in ("region", "access_key_id", "secret_access_key"))

    def put(self, path, body=b""):
        connection = http.client.HTTPConnection(self.url.netloc, timeout=60)
        connection.request("PUT", path, body=body, headers=self.signed(path, body))
        status = connection.getresponse().status
        connection.close()
        expect(status == 200, f"PUT {path} is answered with {status}")

    def signed(self, path, body):
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": self.url.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = hashlib.sha256(f"PUT\n{path}\n\n{lines}\n{names}\n{digest}".encode()).hexdigest()
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{request}".encode(), "sha256").hex()
        told = f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return headers | {"authorization": told}


def ours(program, s3, output_format, bucket):
    """One backfill into an empty bucket: what `--dry-run` expects of it, and what it then measures."""
    s3.put(f"/{bucket}")
    expected = backfill(program, s3, output_format, bucket, "--dry-run")["plan"]["expected"]
    began = time.monotonic()
    summary = backfill(program, s3, output_format, bucket)["summary"]
    seconds = time.monotonic() - began
    expect(summary["outcomes"] == {"made": PICTURES}, f"backfill: {summary['outcomes']}")
    measured = summary["measured"]
    return {
        "seconds": seconds,
        "processor_seconds": measured["processor_seconds"],
        "expected": figures(expected),
        "measured": figures(measured),
    }


def figures(bill):
    """What a dry run is held against."""
    requests = bill["requests"]
    return {
        "requests": sum(requests[kind] for kind in ("list", "get", "head", "put", "delete")),
        "written_bytes": requests["written_bytes"],
        "processor_seconds": bill["processor_seconds"],
        "seconds": bill["seconds"],
        "gb_seconds": bill["lambda"]["gb_seconds"],
        "dollars": bill["s3_dollars"] + bill["lambda"]["dollars"],
    }


def backfill(program, s3, output_format, bucket, *more):
    """The last thing that the command says."""
    quality = contenders.QUALITY[output_format]
    presets = " ".join(f"w{width}={width}x:{output_format}:q{quality}" for width in contenders.WIDTHS)
    job = ["--input", INPUT, "--output", bucket, "--presets", presets, "--json", *more]
    ran = subprocess.run([program, "backfill", *job], cwd=TARGET, env=environment(s3), capture_output=True, text=True)
    expect(ran.returncode == 0, f"backfill ended with {ran.returncode}: {ran.stderr.strip()}")
    return json.loads(ran.stdout.splitlines()[-1])


def environment(s3):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "THUMBLINE_"))}
    return kept | {
        "AWS_ENDPOINT_URL": s3.url.geturl(),
        "AWS_REGION": s3.region,
        "AWS_ACCESS_KEY_ID": s3.key_id,
        "AWS_SECRET_ACCESS_KEY": s3.secret,
    }


def theirs(sharp, files, output_format, out, cores):
    """The same pictures, shared out among a process for each core."""

    def loop(core):
        folder = out / str(core)
        folder.mkdir(parents=True, exist_ok=True)
        return contenders.run(sharp, files[core::cores], output_format, folder)

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        usages = list(pool.map(loop, range(cores)))
    return {"seconds": time.monotonic() - began, "processor_seconds": sum(usage.cpu_ms for usage in usages) / 1e3}


def expect(holds, what):
    if not holds:
        sys.exit(f"backfill.py: {what}")


def best(rounds):
    return min(rounds, key=lambda found: found["seconds"])


def measure(options, s3, folder):
    picture = options.pictures / SOURCE
    body = picture.read_bytes()
    files = []
    s3.put(f"/{INPUT}")
    for index in range(PICTURES):
        s3.put(f"/{INPUT}/{index:03}.jpg", body)
        files.append(folder / f"{index:03}.jpg")
        files[-1].write_bytes(body)
    cores, sharp = os.cpu_count(), contenders.Sharp(options.sharp, "one-decode")
    found = {}
    for output_format in FORMATS:
        rounds = {"thumbline": [], "sharp": []}
        for turn in range(ROUNDS):
            rounds["thumbline"].append(ours(options.thumbline, s3, output_format, f"thumbs-{output_format}-{turn}"))
            rounds["sharp"].append(theirs(sharp, files, output_format, folder / "out", cores))
        found[output_format] = {name: best(each) for name, each in rounds.items()}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thumbline", default=TARGET / "release/thumbline", metavar="FILE")
    parser.add_argument("--serve", default=TARGET / "release/examples/serve", metavar="FILE", help="the embedded S3 alone")
    parser.add_argument("--sharp", type=pathlib.Path, default=TARGET / "bench/sharp", metavar="DIR")
    parser.add_argument("--pictures", type=pathlib.Path, default=TARGET / "bench/pictures", metavar="DIR")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        folder = pathlib.Path(folder)
        served = subprocess.Popen([options.serve, folder / "s3"], stdout=subprocess.PIPE, text=True)
        try:
            line = served.stdout.readline()
            expect(line, "the embedded S3 did not start: try it by hand")
            formats = measure(options, S3(json.loads(line)), folder)
        finally:
            served.terminate()
            served.wait()
    found = {
        "date": str(datetime.date.today()),
        "machine": machine.describe(),
        "commit": machine.commit(PROJECT),
        "pictures": PICTURES,
        "formats": formats,
    }
    print("\n".join(backfill_report.sections(found)))
    if options.docs:
        results.keep(results.BACKFILL, found)
        document.write()


if __name__ == "__main__":
    main()
