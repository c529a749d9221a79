"""An AWS on this machine for the tests, and the `aws` CLI and `sam` pointed at it."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
START_S = 120
# Waits before Lambda's second and third attempt, instead of one and two minutes: this, and twice this.
RETRY_S = 1


class Emulator:
    """LocalStack with tests/deploy/emulator in it, in the environment that `make test-deploy` installs."""

    def __init__(self, python, folder):
        self.log = folder / "emulator.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
            "LOCALSTACK_HOST": f"127.0.0.1:{self.port}",
            "LAMBDA_RUNTIME_EXECUTOR": "processes",
            "LAMBDA_RETRY_BASE_DELAY": str(RETRY_S),
            "SQS_ENDPOINT_STRATEGY": "path",
            "FILESYSTEM_ROOT": str(folder / "files"),
            "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            # Nothing is asked of, or told to, anybody outside of this machine.
            "DISABLE_EVENTS": "1",
            "DNS_ADDRESS": "0",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
        }
        for name in ("files", "volume"):
            (folder / name).mkdir()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "localstack.runtime.main"],
                env=os.environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait()

    def wait(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/_localstack/health", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        self.stop()
        sys.exit(f"the emulated AWS did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Account:
    """What somebody with a terminal can do: `aws` and `sam`, with credentials that open nothing but the emulator."""

    def __init__(self, url, sam):
        self.sam_command = sam
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def aws(self, *arguments, check=True):
        """A command of the CLI: what it printed, read as JSON where it is JSON."""
        command = [Path(sys.executable).with_name("aws"), *map(str, arguments), "--output", "json"]
        # The older CLI takes AWS_ENDPOINT_URL for some services only.
        command += ["--endpoint-url", self.environment["AWS_ENDPOINT_URL"]]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr}")
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    def sam(self, *arguments, folder):
        """A command of sam in a folder with a template: its output."""
        command = [self.sam_command, *arguments]
        done = subprocess.run(
            command, cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        print(f"$ sam {' '.join(arguments)}\n{done.stdout}")
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def until(self, what, ask, seconds=60):
        """The first answer that is something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := ask():
                return answer
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds} s: {what}")


def architecture():
    """This machine's processor, by Lambda's name: what is built runs here."""
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
