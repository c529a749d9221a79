"""What no linter knows of template.yaml: what must stay, what must be explained, and that the linters would see a circle."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from samcli.yamlhelper import yaml_parse

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

import translate  # noqa: E402

TEXT = (PROJECT / "template.yaml").read_text(encoding="utf-8")
RESOURCES = yaml_parse(TEXT)["Resources"]


def of_type(kind):
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def circles(text):
    """What cfn-lint says of circular dependencies in a template after its translation."""
    with tempfile.TemporaryDirectory() as folder:
        translated = Path(folder) / "translated.json"
        translated.write_text(json.dumps(translate.translate(text), default=str), encoding="utf-8")
        lint = [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "E3004", "--", translated]
        said = subprocess.run(lint, capture_output=True, text=True, check=False).stdout
    return [line for line in said.splitlines() if line.startswith("E3004")]


class Template(unittest.TestCase):
    def test_a_circle_between_a_bucket_and_its_function_would_be_seen(self):
        constructed = "THUMBLINE_OUTPUT_BUCKET: !If [NamesOutput"
        self.assertEqual(TEXT.count(constructed), 3, "one in each function")
        self.assertEqual(circles(TEXT), [])
        parts = TEXT.split(constructed)
        reference = "THUMBLINE_LOG: !Ref InputBucket\n          " + constructed
        # The functions that the input bucket's notification names, or that are named by what it names.
        for part in (0, 2):
            circular = constructed.join(parts[: part + 1]) + reference + constructed.join(parts[part + 1 :])
            self.assertNotEqual(circles(circular), [])

    def test_buckets_outlive_the_stack(self):
        buckets = of_type("AWS::S3::Bucket")
        self.assertEqual(len(buckets), 2)
        for resource in [*buckets.values(), *of_type("AWS::S3::BucketPolicy").values()]:
            self.assertEqual(resource["DeletionPolicy"], "RetainExceptOnCreate")
            self.assertEqual(resource["UpdateReplacePolicy"], "Retain")

    def test_what_a_security_linter_finds_is_explained_beside_the_resource(self):
        skips = [
            skip
            for resource in RESOURCES.values()
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        ]
        self.assertTrue(skips)
        for skip in skips:
            self.assertGreaterEqual(len(skip["comment"].split()), 6, skip)

    def test_every_function_has_a_role_of_its_own_and_an_alias(self):
        functions = of_type("AWS::Serverless::Function").values()
        roles = [json.dumps(function["Properties"]["Role"]) for function in functions]
        self.assertEqual(len(set(roles)), len(roles))
        for function in functions:
            self.assertEqual(function["Properties"]["AutoPublishAlias"], "live")
            self.assertTrue(function["Properties"]["AutoPublishAliasAllProperties"])

    def test_all_of_the_api_is_there_or_none_of_it(self):
        translated = translate.translate(TEXT)["Resources"]
        parts = {name: resource for name, resource in translated.items() if "Api" in name}
        self.assertGreater(len(parts), 10)
        for name, resource in parts.items():
            expected = "LogsApiAccess" if name == "ApiAccessLogGroup" else "HasApi"
            self.assertEqual(resource.get("Condition"), expected, name)

    def test_only_reading_can_be_had_without_a_key_and_preflights_never_need_one(self):
        paths = RESOURCES["ThumbnailApi"]["Properties"]["DefinitionBody"]["paths"]
        methods = {
            (path, name): method["security"] for path, methods in paths.items() for name, method in methods.items()
        }
        keyed = {path for (path, name), security in methods.items() if security == [{"api_key": []}]}
        self.assertEqual(keyed, {"/images", "/images/{proxy+}", "/failures", "/failures/{proxy+}"})
        decided = {path for (path, name), security in methods.items() if security and path not in keyed}
        self.assertEqual(decided, {"/thumbnails/{proxy+}", "/manifests/{proxy+}"})
        for path in keyed | decided:
            self.assertEqual(methods[path, "options"], [], path)

    def test_who_may_read_is_deployed_with_its_parameter(self):
        # What SAM looks at to tell whether an API has changed has the parameter's name in it and not its value.
        self.assertTrue(RESOURCES["ThumbnailApi"]["Properties"]["AlwaysDeploy"])

    def test_every_alarm_and_every_parameter_is_documented(self):
        operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
        for alarm in of_type("AWS::CloudWatch::Alarm").values():
            name = alarm["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
            self.assertIn(f"`{name}`", operations)
        for parameter in yaml_parse(TEXT)["Parameters"]:
            self.assertIn(f"`{parameter}`", operations)


if __name__ == "__main__":
    unittest.main()
