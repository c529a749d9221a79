"""The template as CloudFormation gets it, which is where a circular dependency first shows: translate.py TEMPLATE OUT.json

SAM's own translator makes permissions, versions, aliases and deployment groups of a few lines, and the circles that it can
close between a bucket, its notification and a function's policy are not in the template that people write. The translator is
a library and asks nobody; `sam validate` would ask an account for the names of managed policies.
"""

import json
import logging
import os
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# It says which of its unreleased features are off.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
# Any will do.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

# What `sam deploy` puts in the place of a folder once it has uploaded it.
UPLOADED = {
    "CodeUri": {"Bucket": "artifacts", "Key": "package.zip"},
    "ContentUri": {"Bucket": "artifacts", "Key": "layer.zip"},
}


class ManagedPolicies:
    """The look-up of AWS's managed policies that the translator wants, by the way their ARNs are made."""

    def load(self):
        names = ("AWSCodeDeployRoleForLambda", "AWSCodeDeployRoleForLambdaLimited", "AWSLambdaBasicExecutionRole")
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in names}


def translate(text):
    """The translated template, for the default values of its parameters."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        properties.update({name: place for name, place in UPLOADED.items() if name in properties})
    defaults = {name: parameter.get("Default") for name, parameter in template.get("Parameters", {}).items()}
    return transform(template, defaults, ManagedPolicies())


if __name__ == "__main__":
    source, out = map(Path, sys.argv[1:])
    # Plain text: what YAML makes of unquoted dates is no JSON.
    translated = json.dumps(translate(source.read_text(encoding="utf-8")), indent=1, default=str)
    out.write_text(translated, encoding="utf-8")
