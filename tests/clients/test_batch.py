"""S3 Batch Operations: jobs as boto3 makes them, and `thumbline backfill --via batch`."""

import csv
import io
import json
import socket
import urllib.parse
import uuid

import pytest
from botocore.exceptions import ClientError

from pictures import png
from stack import REPOSITORY, eventually

ACCOUNT = "000000000000"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:thumbline-resize:live"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/thumbline-BatchRole"
PICTURES = REPOSITORY / "samples" / "pictures"


@pytest.fixture
def control(stack, monkeypatch):
    """S3 Control's client puts the account before the host's name, which no name server knows here."""
    resolve = socket.getaddrinfo

    def without_account(host, *more, **named):
        host = host.removeprefix(ACCOUNT + ".") if isinstance(host, str) else host
        return resolve(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", without_account)
    return stack.client("s3control")


@pytest.fixture
def mixed(s3, stack, outputs, folder_key):
    """Objects of which each ends differently, by their keys, and what a job must say of it."""
    good, spoilt = f"{folder_key}a b+%ü,日本.png", f"{folder_key}spoilt.jpg"
    s3.put_object(Bucket=stack.input, Key=good, Body=png(40, 30))
    s3.put_object(Bucket=stack.input, Key=spoilt, Body=(PICTURES / "truncated.jpg").read_bytes())
    outputs.await_thumbnails(good, 40, 30)
    outputs.await_rejection(spoilt)
    return {
        (stack.input, good): ("succeeded", "up_to_date"),
        (stack.input, spoilt): ("failed", "truncated"),
        (stack.input, folder_key + "never was.jpg"): ("succeeded", "removed"),
        ("somebody-elses", folder_key + "a.jpg"): ("failed", "unexpected_bucket"),
    }


def create(control, s3, stack, objects, schema="2.0", **changes):
    rows = io.StringIO()
    csv.writer(rows).writerows((bucket, urllib.parse.quote_plus(key)) for bucket, key in objects)
    key = f"~/batch/{uuid.uuid4()}.csv"
    put = s3.put_object(Bucket=stack.output, Key=key, Body=rows.getvalue().encode())
    job = {
        "AccountId": ACCOUNT,
        "ConfirmationRequired": False,
        "ClientRequestToken": str(uuid.uuid4()),
        "Operation": {"LambdaInvoke": {"FunctionArn": FUNCTION, "InvocationSchemaVersion": schema}},
        "Manifest": {
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
            "Location": {"ObjectArn": f"arn:aws:s3:::{stack.output}/{key}", "ETag": put["ETag"].strip('"')},
        },
        "Report": {
            "Bucket": f"arn:aws:s3:::{stack.output}",
            "Prefix": "~/batch/reports",
            "Format": "Report_CSV_20180820",
            "Enabled": True,
            "ReportScope": "AllTasks",
        },
        "Priority": 10,
        "RoleArn": ROLE,
    }
    return control.create_job(**{**job, **changes})["JobId"]


def ended(control, job):
    def is_over():
        described = control.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]
        return described if described["Status"] in ("Complete", "Failed", "Cancelled") else None

    return eventually(is_over, f"job {job} to end")


def report(s3, stack, job):
    manifest = s3.get_object(Bucket=stack.output, Key=f"~/batch/reports/job-{job}/manifest.json")["Body"].read()
    rows = {}
    for result in json.loads(manifest)["Results"]:
        text = s3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read().decode()
        for bucket, key, _, status, _, _, said in csv.reader(io.StringIO(text)):
            assert status == result["TaskExecutionStatus"]
            rows[bucket, urllib.parse.unquote_plus(key)] = (status, said)
    return rows


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_each_task_of_a_job_ends_as_its_object_does(control, s3, stack, mixed, schema):
    job = create(control, s3, stack, mixed, schema)
    described = ended(control, job)
    assert described["Status"] == "Complete", described
    tasks = {"TotalNumberOfTasks": 4, "NumberOfTasksSucceeded": 2, "NumberOfTasksFailed": 2}
    assert {name: described["ProgressSummary"][name] for name in tasks} == tasks
    rows = report(s3, stack, job)
    assert {place: status for place, (status, _) in rows.items()} == {place: status for place, (status, _) in mixed.items()}
    for place, (_, outcome) in mixed.items():
        assert outcome in rows[place][1], (place, rows[place])


def test_a_job_may_do_what_its_role_may_and_is_refused_what_it_can_not_be(control, s3, stack, mixed):
    for changes in (
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/thumbline-ResizeRole"},
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
    ):
        described = ended(control, create(control, s3, stack, mixed, **changes))
        assert described["Status"] == "Failed"
        assert "may not" in described["FailureReasons"][0]["FailureReason"]
    with pytest.raises(ClientError, match="InvalidRequest"):
        create(control, s3, stack, mixed, schema="3.0")
    with pytest.raises(ClientError) as refused:
        control.describe_job(AccountId=ACCOUNT, JobId="nobody")
    assert refused.value.response["Error"]["Code"] == "NoSuchJob"


def test_the_same_request_twice_is_one_job(control, s3, stack, mixed):
    token = str(uuid.uuid4())
    jobs = {create(control, s3, stack, mixed, ClientRequestToken=token) for _ in range(2)}
    assert len(jobs) == 1
    ended(control, jobs.pop())


def test_backfill_via_batch_has_a_job_make_what_is_missing(s3, stack, mixed, outputs, folder_key):
    keys = [f"{folder_key}{n} +%é,\n.png" for n in range(6)]
    for key in keys:
        s3.put_object(Bucket=stack.input, Key=key, Body=png(20, 20))
    for key in keys:
        outputs.await_thumbnails(key, 20, 20)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.output, Prefix=folder_key)
    for key in [entry["Key"] for page in pages for entry in page["Contents"]]:
        s3.delete_object(Bucket=stack.output, Key=key)
    code, lines = stack.thumbline("backfill", "--via", "batch", "--role", ROLE, "--prefix", folder_key)
    summary = lines[-1]["summary"]
    assert code == 0, lines
    assert summary["before"] == {"missing": 8}
    assert summary["after"] == {"current": 7, "rejected": 1}
    told = summary["told"]
    counts = (told["job's status"], told["tasks that succeeded"], told["tasks that failed"])
    assert counts == ("Complete", 7, 1)
    assert "truncated" in told[folder_key + "spoilt.jpg"], "a picture that is rejected is told with its reason"
    code, lines = stack.thumbline("backfill", "--via", "batch", "--role", ROLE, "--prefix", folder_key)
    assert code == 0 and "job" not in lines[-1]["summary"]["told"], "nothing is left to do"
