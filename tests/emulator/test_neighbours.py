"""The guard and those beside it: another user of this machine, CloudFormation's callbacks, and WebSockets."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from keyturn.adapters.aws.sigv4 import Credentials, sign
from local.container_gateway import ContainerGateway
from local.emulator import REGION, Emulator
from local.ports import ANY_PORTS, choose_ports
from tests.emulator.functions import OPENER, create_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.ports import Ports

NOT_RUN = "NOT RUN: needs root or sudo, and a python3 that every user may run: apt-get install python3"
# One attack that a fetch without a preflight can make, and one that another user of this machine can make.
ATTACK = """
import http.client, json, os, sys

directory, port, process_id = sys.argv[1:]

def status(method, path, body="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse().status

def fails(act, *arguments):
    try:
        return repr(act(*arguments))
    except OSError as error:
        return type(error).__name__

scope = "test/20260101/us-east-1/lambda/aws4_request"
by_header = {"Authorization": "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=00"}
function = json.dumps({"FunctionName": "evil", "Runtime": "python3.13", "Handler": "index.handler", "Code": {}})
print(json.dumps({
    "user": os.getuid(),
    "health": status("GET", "/_ministack/health"),
    "refused": [
        status("POST", "/2015-03-31/functions", function, Content_Type="text/plain", **by_header),
        status("POST", "/2015-03-31/functions?X-Amz-Credential=" + scope, function, Content_Type="text/plain"),
        status("POST", "/_ministack/reset"),
        status("PUT", "/kept/object", "x", **by_header),
        status("PUT", "/kept/object", "x"),
        status("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", **by_header),
        status("POST", "/", "Action=AssumeRole&RoleArn=arn:aws:iam::000000000000:role/x&RoleSessionName=x"),
    ],
    "failed": [
        fails(os.listdir, directory),
        fails(os.listdir, directory + "/state"),
        fails(open, directory + "/emulator.log"),
        fails(lambda: open("/proc/" + process_id + "/environ").read()),
    ],
}))
"""


@pytest.fixture
def exposed() -> Iterator[Emulator]:
    """Return an emulator in a folder that every user of this machine can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    ports, _ = choose_ports(folder / "ports.json", ANY_PORTS)
    try:
        with Emulator(folder / ".local", ports.emulator) as running:
            yield running
    finally:
        shutil.rmtree(folder)


def as_nobody(script: str, *arguments: str) -> Any:
    """Return what the script prints, run by the user nobody; else say so, and fail in CI."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    nobody, sudo = pwd.getpwnam("nobody"), shutil.which("sudo")
    command = [str(python), "-I", "-c", script, *arguments]
    if os.getuid() == 0:
        user: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    else:
        user, command = {}, [str(sudo), "-n", "-u", "nobody", *command]
    if python is None or (sudo is None and os.getuid() != 0):
        if os.environ.get("CI"):
            pytest.fail(NOT_RUN)
        pytest.skip(NOT_RUN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/", **user)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_another_user_of_this_machine_is_nobody(exposed: Emulator) -> None:
    """Loopback is shared by all users: without the run's keys nothing is done, and its folder is its owner's alone."""
    s3 = exposed.client("s3")
    s3.create_bucket(Bucket="kept")
    process_id = (exposed.log.parent / "running").read_text()
    told = as_nobody(ATTACK, str(exposed.log.parent), str(exposed.port), process_id)
    assert told["user"] == pwd.getpwnam("nobody").pw_uid
    assert told["health"] == 200
    assert told["refused"] == [403] * 7
    assert told["failed"] == ["PermissionError"] * 4
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["kept"]
    assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 0
    assert exposed.client("lambda").list_functions()["Functions"] == []


def status_of(url: str, method: str, **headers: str) -> int:
    request = urllib.request.Request(url, b"{}", headers, method=method)
    try:
        with OPENER.open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_custom_resource_answers_once_where_it_was_told_to(emulator: Emulator) -> None:
    """CloudFormation's URL needs no signature while it waits; afterwards, or with another token, it is closed."""
    answers = """lambda event, context: urllib.request.urlopen(urllib.request.Request(
        event["ResponseURL"], method="PUT", data=json.dumps({
            "Status": "SUCCESS", "PhysicalResourceId": event["ResponseURL"],
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}}).encode())).status"""
    function = create_function(emulator, "answering", answers)["FunctionArn"]
    template = {"Resources": {"Answer": {"Type": "Custom::Answer", "Properties": {"ServiceToken": function}}}}
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="answered", TemplateBody=json.dumps(template))
    for _ in range(200):
        status = cloudformation.describe_stacks(StackName="answered")["Stacks"][0]["StackStatus"]
        if status != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.05)
    assert status == "CREATE_COMPLETE"
    [resource] = cloudformation.describe_stack_resources(StackName="answered")["StackResources"]
    url = resource["PhysicalResourceId"]
    assert url.startswith(f"http://localhost:{emulator.port}/_ministack/cfn-response/")
    assert status_of(url, "PUT") == 403
    assert status_of(url[:-1], "PUT") == 403


def test_a_container_calls_under_its_role_by_the_gateways_name(emulator: Emulator, ports: Ports) -> None:
    """A role's call to `host.docker.internal` reaches MiniStack, which judges the role; other names do not."""
    create_function(emulator, "contained", "lambda event, context: None")
    role = emulator.client("lambda").get_function_configuration(FunctionName="contained")["Role"]
    given = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    keys = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    answers = {}
    with ContainerGateway("127.0.0.1", ports.containers, ports.emulator):
        for name in ("host.docker.internal", "127.0.0.1", "evil.example"):
            target = {"Host": f"{name}:{ports.containers}", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
            now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            signed = sign(target, b"{}", service="dynamodb", region=REGION, amz_date=now, credentials=keys)
            request = urllib.request.Request(f"http://127.0.0.1:{ports.containers}/", b"{}", signed)
            with pytest.raises(urllib.error.HTTPError) as refused:
                OPENER.open(request, timeout=10)
            with refused.value:
                answers[name] = refused.value.read().decode()
    assert "is not authorized to perform: dynamodb:ListTables" in answers.pop("host.docker.internal")
    assert all("the Host is not one of this emulator" in answer for answer in answers.values())


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example"}])
@pytest.mark.parametrize(
    "path", ["/", "/_ministack/reset", "/_aws/execute-api/0a1b2c3d", "/restapis/0a1b2c3d/x/_user_request_/"]
)
def test_a_handshake_outside_of_the_apis_is_refused(emulator: Emulator, path: str, origin: dict[str, str]) -> None:
    """A WebSocket needs no preflight; its handshake is answered by 403 before it is one."""
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    handshake["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    request = urllib.request.Request(f"{emulator.endpoint_url}{path}", headers=handshake | origin)
    with pytest.raises(urllib.error.HTTPError) as refused:
        OPENER.open(request, timeout=10)
    refused.value.close()
    assert refused.value.code == 403
