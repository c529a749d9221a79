"""`make bench-api`: how long people wait for a thumbnail that nobody planned.

The thumbnail API as `thumbline local` runs it (API Gateway's part, the function's process, an S3 over HTTP), beside a server
of Node.js and sharp that reads from the disk. By turns, one request at a time, and then many at once. The server on Node.js
keeps nothing, so a hit of ours is held against what it does again.
"""

import argparse
import concurrent.futures
import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

import document
import machine
import on_demand_report
import results

BENCHES = pathlib.Path(__file__).resolve().parent
PROJECT = BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")).resolve()

PICTURES = 50
AT_ONCE = 200
HITS = 200
# A width for each part, so that none finds what another has made.
WARM_UP_WIDTH, MISS_WIDTH, AT_ONCE_WIDTH = 399, 400, 401
QUALITY = 80
SOURCE = "12mp.jpg"
# How long pictures may take to be listed as made.
READY_S = 120


class Server:
    """Somebody who answers on a port of this machine, over one connection that is kept open."""

    def __init__(self, host, prefix, headers=None):
        self.host, self.prefix, self.headers = host, prefix, headers or {}
        self.connection = http.client.HTTPConnection(host, timeout=60)

    def ask(self, target, headers=None, method="GET", body=None):
        """Milliseconds, status, headers and body."""
        began = time.perf_counter()
        self.connection.request(method, self.prefix + target, body=body, headers=self.headers | (headers or {}))
        response = self.connection.getresponse()
        body = response.read()
        return (time.perf_counter() - began) * 1e3, response.status, response.headers, body

    def close(self):
        self.connection.close()


def target(index, width):
    return f"/thumbnails/{index:02}.jpg?w={width}&q={QUALITY}&format=webp"


def upload(api, picture):
    """As a browser does it: asks where, and puts it there."""
    bytes_ = picture.read_bytes()
    for index in range(PICTURES):
        request = json.dumps({"key": f"{index:02}.jpg", "content_type": "image/jpeg", "bytes": len(bytes_)})
        _, status, _, body = api.ask("/images", {"content-type": "application/json"}, "POST", request)
        expect(status == 201, f"POST /images answers {status}: {body[:200]}")
        where = json.loads(body)["upload"]
        url = urllib.parse.urlsplit(where["url"])
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        connection.request("PUT", f"{url.path}?{url.query}", body=bytes_, headers=where["headers"])
        status = connection.getresponse().status
        connection.close()
        expect(status == 200, f"the upload of {index:02}.jpg is answered with {status}")


def wait_until_made(api):
    """Until uploads are done with, so that nothing else is at work."""
    given_up = time.monotonic() + READY_S
    while True:
        _, status, _, body = api.ask(f"/images?limit={PICTURES}")
        expect(status == 200, f"GET /images answers {status}: {body[:200]}")
        if sum(image["status"] == "ready" for image in json.loads(body)["images"]) == PICTURES:
            return
        expect(time.monotonic() < given_up, "the uploaded pictures did not become thumbnails")
        time.sleep(0.5)


def one_at_a_time(api, node):
    """Times in milliseconds, by turns."""
    times = {"miss": [], "hit": [], "unchanged": [], "sharp": []}
    api.ask(target(0, WARM_UP_WIDTH))
    node.ask(f"/{SOURCE}?w={WARM_UP_WIDTH}")
    tag = None
    for index in range(PICTURES):
        took, status, headers, _ = api.ask(target(index, MISS_WIDTH))
        expect(status == 200 and headers["server-timing"] == "made", f"a miss answers {status}")
        times["miss"].append(took)
        tag = headers["etag"]
        took, status, _, body = node.ask(f"/{SOURCE}?w={MISS_WIDTH}")
        expect(status == 200, f"sharp's server answers {status}: {body[:200]}")
        times["sharp"].append(took)
    for _ in range(HITS):
        took, status, headers, _ = api.ask(target(PICTURES - 1, MISS_WIDTH))
        expect(status == 200 and headers["server-timing"] == "found", f"a hit answers {status}")
        times["hit"].append(took)
        took, status, _, _ = api.ask(target(PICTURES - 1, MISS_WIDTH), {"if-none-match": tag})
        expect(status == 304, f"If-None-Match is answered with {status}")
        times["unchanged"].append(took)
    return times


def all_at_once(new_server):
    """Many requests at the same time, several for each of the missing thumbnails."""

    def ask(index):
        server = new_server()
        try:
            took, status, headers, body = server.ask(target(index % PICTURES, AT_ONCE_WIDTH))
            return took, status, headers.get("server-timing"), body
        finally:
            server.close()

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    wrong = [status for _, status, _, _ in answers if status != 200]
    expect(not wrong, f"{len(wrong)} of {AT_ONCE} requests were answered with {sorted(set(wrong))}")
    bodies = {body for _, _, _, body in answers}
    # All sources are the same picture.
    expect(len(bodies) == 1, f"{len(bodies)} different thumbnails came of the same picture")
    made = sum(origin == "made" for _, _, origin, _ in answers)
    return {"times": [took for took, *_ in answers], "made": made}


def expect(holds, what):
    if not holds:
        sys.exit(f"on_demand.py: {what}")


def quantiles(times):
    ordered = sorted(times)
    return {"p50": statistics.median(ordered), "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thumbline", default=TARGET / "release/thumbline", metavar="FILE")
    parser.add_argument("--sharp", type=pathlib.Path, default=TARGET / "bench/sharp", metavar="DIR")
    parser.add_argument("--pictures", type=pathlib.Path, default=TARGET / "bench/pictures", metavar="DIR")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    stack = subprocess.Popen(
        [options.thumbline, "local", "--json", "--port", "0", "--api-port", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    node = subprocess.Popen(
        ["node", BENCHES / "on_demand.mjs", "--sources", options.pictures],
        cwd=options.sharp,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = stack.stdout.readline()
        expect(line, "`thumbline local` did not start: try it by hand")
        endpoints = json.loads(line)
        url = urllib.parse.urlsplit(endpoints["api"])

        def new_api():
            return Server(url.netloc, url.path, {"x-api-key": endpoints["api_key"]})

        port = node.stdout.readline().strip()
        expect(port, "the server on Node.js did not start: try it by hand")
        api, sharp = new_api(), Server(f"127.0.0.1:{port}", "")
        upload(api, options.pictures / SOURCE)
        wait_until_made(api)
        times = one_at_a_time(api, sharp)
        at_once = all_at_once(new_api)
    finally:
        for process in (stack, node):
            process.terminate()
            process.wait()
    found = {
        "date": str(datetime.date.today()),
        "machine": machine.describe(),
        "commit": machine.commit(PROJECT),
        "pictures": PICTURES,
        "width": MISS_WIDTH,
        "ms": {name: quantiles(each) for name, each in times.items()},
        "at_once": {"requests": AT_ONCE, "made": at_once["made"], "ms": quantiles(at_once["times"])},
    }
    print("\n".join(on_demand_report.sections(found)))
    if options.docs:
        results.keep(results.ON_DEMAND, found)
        document.write()


if __name__ == "__main__":
    main()
