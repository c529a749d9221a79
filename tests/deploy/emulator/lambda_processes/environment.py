"""One environment of a function: its `bootstrap`, from its package or the first of its layers that has one.

What a process of this machine can't have: /var/task and /opt (the package is where LAMBDA_TASK_ROOT says), a memory limit,
and being frozen between invocations. A bootstrap for arm64 runs on another processor where qemu-aarch64 is installed.
"""

import json
import platform
import queue
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from lambda_processes.runtime_api import Answer, Invocation, RuntimeApi
from localstack import config
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

# How often a dead process is looked for while an answer is awaited.
LOOK_S = 0.05
# e_machine of an ELF file.
ARM64 = b"\xb7\x00"


class ProcessEnvironment(RuntimeExecutor):
    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self.timeout_s = function_version.config.timeout
        self.api = RuntimeApi()
        self.log = tempfile.TemporaryFile()
        self.process = None

    def start(self, env_vars):
        package, *layers = self.folders()
        found = next((folder / "bootstrap" for folder in (package, *layers) if (folder / "bootstrap").is_file()), None)
        if found is None:
            raise LambdaRuntimeException("Runtime.InvalidEntrypoint: neither the package nor a layer has a bootstrap")
        variables = {name: str(value) for name, value in env_vars.items()}
        variables |= {
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
            "LAMBDA_TASK_ROOT": str(package),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": "UTC",
        }
        self.process = subprocess.Popen(
            [*emulator_for(found), found], cwd=package, env=variables, stdout=self.log, stderr=subprocess.STDOUT
        )
        while not self.api.asked.wait(LOOK_S):
            if self.process.poll() is not None:
                raise LambdaRuntimeException(f"Runtime.ExitError: {self.process.returncode}: {self.get_logs()}")
        if self.api.start_failure is not None:
            raise LambdaRuntimeException(self.api.start_failure.decode(errors="replace"))

    def folders(self):
        codes = [self.function_version.config.code, *(layer.code for layer in self.function_version.config.layers or [])]
        for code in codes:
            code.prepare_for_execution()
        return [Path(code.get_unzipped_code_location()) for code in codes]

    def invoke(self, payload):
        invocation = Invocation(
            request_id=payload["invoke-id"],
            payload=payload["payload"].encode(),
            function_arn=payload["invoked-function-arn"],
            timeout_s=self.timeout_s,
            trace_id=payload.get("trace-id"),
        )
        begin = self.log.seek(0, 2)
        self.api.offer(invocation)
        answer = self.wait(invocation)
        self.api.forget(invocation)
        self.log.seek(begin)
        lines = [f"START RequestId: {invocation.request_id}", self.log.read().decode(errors="replace").rstrip("\n")]
        log = "\n".join([*lines, f"END RequestId: {invocation.request_id}", ""])
        return InvocationResult(invocation.request_id, answer.body, answer.is_error, log)

    def wait(self, invocation):
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                return invocation.answers.get(timeout=LOOK_S)
            except queue.Empty:
                pass
            if self.process.poll() is not None:
                return failure("Runtime.ExitError", f"exit status {self.process.returncode}")
            if time.monotonic() > deadline:
                self.process.kill()
                return failure("Sandbox.Timedout", f"Task timed out after {self.timeout_s:.2f} seconds")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.api.close()

    def get_logs(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    # A function reaches LocalStack where everybody does.

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version):
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        if function_version.config.code:
            function_version.config.code.destroy_cached()


def failure(kind, message):
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), is_error=True)


def emulator_for(bootstrap):
    """What must run it, if it is for another processor."""
    with bootstrap.open("rb") as file:
        machine = file.read(20)[18:]
    if machine != ARM64 or platform.machine() in ("aarch64", "arm64"):
        return []
    qemu = shutil.which("qemu-aarch64")
    if qemu is None:
        raise LambdaRuntimeException("Runtime.InvalidEntrypoint: a bootstrap for arm64, and no qemu-aarch64 to run it")
    # Where Debian has the C library of arm64.
    return [qemu, "-L", "/usr/aarch64-linux-gnu"]
