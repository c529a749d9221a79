"""The stack of template.yaml, deployed once, unmodified and with its API, to an AWS on this machine."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aws import PROJECT, Account, Emulator, architecture

STACK = "thumbline"


@dataclass
class Deployed:
    account: Account
    folder: Path
    outputs: dict

    def deploy(self):
        self.account.sam("build", "--parameter-overrides", f"Architecture={architecture()}", folder=self.folder)
        # Any size, so that the tests say which.
        parameters = [f"Architecture={architecture()}", "Api=enabled", "ApiPage=on", "ApiSizes=*"]
        self.account.sam("deploy", "--no-progressbar", "--parameter-overrides", *parameters, folder=self.folder)
        stack = self.account.aws("cloudformation", "describe-stacks", "--stack-name", STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def upload(self, sample, key=None):
        source = PROJECT / "samples/pictures" / sample
        self.account.aws("s3", "cp", "--no-progress", source, f"s3://{self.outputs['InputBucketName']}/{key or sample}")

    def keys(self, prefix):
        """What the output bucket has of a source."""
        bucket = self.outputs["OutputBucketName"]
        listed = self.account.aws("s3api", "list-objects-v2", "--bucket", bucket, "--prefix", f"{prefix}/")
        return [entry["Key"].removeprefix(f"{prefix}/") for entry in (listed or {}).get("Contents", [])]

    def api(self):
        """Where the API is. The emulator has a path for what has a domain of its own on AWS."""
        identifier = urlsplit(self.outputs["ApiUrl"]).hostname.partition(".")[0]
        return f"{self.account.environment['AWS_ENDPOINT_URL']}/_aws/execute-api/{identifier}/v1"

    def api_key(self):
        key = self.outputs["ApiKeyId"]
        return self.account.aws("apigateway", "get-api-key", "--include-value", "--api-key", key)["value"]

    def function(self):
        """The function as the alias has it."""
        name = self.outputs["ResizeFunctionName"]
        return self.account.aws("lambda", "get-function", "--function-name", name, "--qualifier", "live")["Configuration"]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws")
    emulator = Emulator(os.environ["EMULATOR_PYTHON"], folder)
    try:
        yield deploy(Account(emulator.url, os.environ["SAM"]), folder / "project")
    finally:
        emulator.stop()


def deploy(account, project):
    """What people deploy from, with settings of its own to change. The layer is built where the sources are."""
    project.mkdir()
    for file in ("template.yaml", "samconfig.toml"):
        shutil.copy(PROJECT / file, project)
    shutil.copytree(PROJECT / "functions/resize/package", project / "functions/resize/package")
    (project / "layer").symlink_to(PROJECT / "layer")
    deployed = Deployed(account, project, {})
    deployed.deploy()
    return deployed
