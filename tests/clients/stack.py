"""The stack under test: `thumbline local` as a child process, and the clients that talk to it.

Nothing here knows how the stack is made. It is started as anybody would start it, says in one JSON object where it is,
and everything else goes through boto3 and the aws CLI.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import boto3
import botocore.config

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("TESTED_THUMBLINE", REPOSITORY / "target/debug/thumbline"))
START_DEADLINE_S = 60


class Stack:
    """One running stack, and how to reach it."""

    def __init__(self, process, endpoints, data, log):
        self.process = process
        self.log = log
        self.data = data
        self.url = endpoints["s3"]
        self.input = endpoints["input_bucket"]
        self.output = endpoints["output_bucket"]
        self.failure_queue = endpoints["failure_queue"]
        self.api = endpoints["api"]
        self.api_key = endpoints["api_key"]
        self.region = endpoints["region"]
        self.access_key_id = endpoints["access_key_id"]
        self.secret_access_key = endpoints["secret_access_key"]

    @classmethod
    def start(cls, data, folder, temporary, **parameters):
        """Starts a stack that keeps everything in `data`, with `folder` as its working directory."""
        if not PROGRAM.is_file():
            raise FileNotFoundError(f"{PROGRAM} is not there: `make test-clients` builds it and runs this")
        arguments = ["--template", REPOSITORY / "template.yaml", "--port", "0", "--api-port", "0"]
        arguments += ["--retry-delays", "100ms,200ms"]
        for name, value in parameters.items():
            arguments += ["--parameter", f"{name}={value}"]
        process = subprocess.Popen(
            [PROGRAM, "local", "--json", "--data", data, *arguments],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        log = []
        # The functions' logs go to pytest's own stderr, which it shows with a test that failed; unread, they would fill
        # the pipe and stop the stack.
        threading.Thread(target=_forward, args=(process.stderr, log), daemon=True).start()
        stop = threading.Timer(START_DEADLINE_S, process.kill)
        stop.start()
        ready = process.stdout.readline()
        stop.cancel()
        if not ready:
            process.wait()
            raise RuntimeError(f"{PROGRAM} ended with {process.returncode} before it was ready:\n{''.join(log)}")
        threading.Thread(target=_forward, args=(process.stdout, log), daemon=True).start()
        return cls(process, json.loads(ready), data, log)

    def stop(self):
        """Stops it as Ctrl-C does, and waits until it is gone."""
        self.process.terminate()
        self.process.wait(timeout=30)

    def kill(self):
        """Ends it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=30)

    def client(self, service, signature_version=None, **credentials):
        """A boto3 client. It does not retry: what happens the first time is what is tested."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=credentials.get("access_key_id", self.access_key_id),
            aws_secret_access_key=credentials.get("secret_access_key", self.secret_access_key),
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, read_timeout=60, signature_version=signature_version
            ),
        )

    def environment(self):
        """What a program needs to use the stack, and nothing of who runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def thumbline(self, *arguments):
        """Runs a command of Thumbline's own with --json: its exit code and the objects that it prints."""
        buckets = {"THUMBLINE_INPUT_BUCKET": self.input, "THUMBLINE_OUTPUT_BUCKET": self.output}
        finished = subprocess.run(
            [PROGRAM, *arguments, "--json"],
            env={**self.environment(), **buckets},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=180,
        )
        sys.stderr.write(finished.stderr)
        return finished.returncode, [json.loads(line) for line in finished.stdout.splitlines()]

    def aws(self, *arguments, check=True):
        """Runs the aws CLI and gives the finished process."""
        program = pathlib.Path(sys.executable).with_name("aws")
        finished = subprocess.run(
            [program, *arguments], env=self.environment(), capture_output=True, text=True, encoding="utf-8", timeout=180
        )
        if check and finished.returncode != 0:
            raise AssertionError(f"aws {' '.join(map(str, arguments))}\n{finished.stdout}{finished.stderr}")
        return finished


def _forward(pipe, log):
    for line in pipe:
        log.append(line)
        sys.stderr.write(line)


def eventually(found, what, seconds=60):
    """What `found` gives as soon as it gives something true. Asks until then, or until the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        result = found()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.05)
