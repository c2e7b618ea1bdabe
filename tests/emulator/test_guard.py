"""The guard in front of the real emulator: what is refused over the wire, and that nothing was done."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived

from local.emulator import REGION
from tests.emulator.functions import create_function, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.emulator import Emulator

UNSIGNED = Credentials("", "")
DEFAULTS = [
    Credentials("test", "test"),
    Credentials("000000000000", "test"),
    Credentials("123456789012", "123456789012"),
    Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
]


class Call(NamedTuple):
    """A request that changes something, or reads what is nobody else's."""

    service: str
    method: str
    path: str
    body: str = ""
    kind: str = "application/x-amz-json-1.0"
    target: str = ""


CALLS = [
    Call("lambda", "POST", "/2015-03-31/functions", '{"FunctionName": "evil", "Runtime": "python3.13"}', "text/plain"),
    Call("lambda", "POST", "/2015-03-31/functions/harmless/invocations", "{}"),
    Call("s3", "PUT", "/evil"),
    Call("s3", "PUT", "/harmless/object", "x"),
    Call("dynamodb", "POST", "/", '{"TableName": "harmless"}', target="DynamoDB_20120810.DeleteTable"),
    Call("kms", "POST", "/", "{}", target="TrentService.CreateKey"),
    Call("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "application/x-www-form-urlencoded"),
    Call("iam", "POST", "/", "Action=CreateUser&UserName=evil", "application/x-www-form-urlencoded"),
    Call("cloudformation", "GET", "/?Action=ListStacks&Version=2010-05-15"),
]


@pytest.fixture(autouse=True, scope="module")
def harmless(emulator: Emulator) -> Iterator[None]:
    """Have a function, a bucket and a table that nobody else touches, and see them untouched afterwards."""
    create_function(emulator, "harmless", "lambda event, context: 'harmless'")
    emulator.client("s3").create_bucket(Bucket="harmless")
    emulator.client("dynamodb").create_table(
        TableName="harmless",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    before = state_of(emulator)
    yield
    assert state_of(emulator) == before


def state_of(emulator: Emulator) -> dict[str, Any]:
    s3, functions = emulator.client("s3"), emulator.client("lambda").list_functions()["Functions"]
    return {
        "functions": {each["FunctionName"] for each in functions} & {"harmless", "evil"},
        "buckets": {each["Name"] for each in s3.list_buckets()["Buckets"]},
        "objects": s3.list_objects_v2(Bucket="harmless")["KeyCount"],
        "tables": emulator.client("dynamodb").list_tables()["TableNames"],
        "keys": len(emulator.client("kms").list_keys()["Keys"]),
        "users": len(emulator.client("iam").list_users()["Users"]),
    }


def send(
    emulator: Emulator, method: str, target: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer to a request as it is given."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    try:
        connection.request(method, target, body.encode(), headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def send_raw(emulator: Emulator, request: bytes) -> bytes:
    """Return all that the emulator answers to these bytes."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def headers_of(emulator: Emulator, call: Call, credentials: Credentials) -> dict[str, str]:
    """Return the headers of a call as botocore signs them; without credentials, those of an unsigned one."""
    headers = {"Content-Type": call.kind} | ({"X-Amz-Target": call.target} if call.target else {})
    request = AWSRequest(call.method, f"{emulator.endpoint_url}{call.path}", headers, call.body.encode())
    if credentials is not UNSIGNED:
        SigV4Auth(credentials, call.service, REGION).add_auth(request)
    return dict(request.headers.items())


def root(emulator: Emulator) -> Credentials:
    return Credentials(emulator.access_key_id, emulator.secret_access_key)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.service} {call.method} {call.target}")
def test_nothing_is_done_without_the_keys_of_this_run(emulator: Emulator, call: Call) -> None:
    """Unsigned, as `test`, as an account id or as AWS's own example: no call of any protocol is done."""
    for credentials in (UNSIGNED, *DEFAULTS):
        status, headers, _ = send(emulator, call.method, call.path, call.body, headers_of(emulator, call, credentials))
        assert status == 403, credentials.access_key
        assert not any(name.startswith("access-control-") for name in headers)


@pytest.mark.parametrize("key", ["test", "000000000000", "ASIA0123456789ABCDEF", "ROOT"])
@pytest.mark.parametrize("call", CALLS[:3], ids=lambda call: f"{call.service} {call.method}")
def test_no_place_for_a_credential_is_overlooked(emulator: Emulator, call: Call, key: str) -> None:
    """Header of SigV2 and SigV4A, Bearer, query of SigV2 and SigV4, form: MiniStack reads a key from most of them."""
    key = emulator.access_key_id if key == "ROOT" else key
    scope = f"{key}/20260101/{REGION}/{call.service}/aws4_request"
    in_headers = [
        f"AWS {key}:c2lnbmF0dXJl",
        f"AWS4-HMAC-SHA256 Credential={scope}",
        f"AWS4-ECDSA-P256-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
        f"Bearer Credential={scope}",
        f"Basic {key}",
    ]
    for value in in_headers:
        assert send(emulator, call.method, call.path, call.body, {"Authorization": value})[0] == 403, value
    signature = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    in_queries = [signature, signature.lower(), f"AWSAccessKeyId={key}&Expires=9999999999&Signature=00"]
    for query in in_queries:
        assert send(emulator, call.method, f"{call.path}?{query}", call.body)[0] == 403, query
        assert send(emulator, "POST", call.path, query, {"Content-Type": "application/x-www-form-urlencoded"})[0] == 403


def test_a_url_that_root_signed_is_refused(emulator: Emulator) -> None:
    """A signature in the query is refused: a web page could load a presigned URL, and this project uses none."""
    request = AWSRequest("GET", f"{emulator.endpoint_url}/harmless/object")
    SigV4QueryAuth(root(emulator), "s3", REGION, expires=60).add_auth(request)
    assert send(emulator, "GET", str(request.url).removeprefix(emulator.endpoint_url))[0] == 403


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example:PORT", "127.0.0.1.evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.:PORT"),
        *(
            "localhost.:PORT",
            "localhost",
            "evil.localhost:PORT",
            "[::]:PORT",
            "0.0.0.0:PORT",
            "host.docker.internal:PORT",
        ),
        *("s3.amazonaws.com", "0a1b2c3d.execute-api.localhost:PORT", "localhost:PORT, evil.example", ""),
    ],
)
def test_another_host_is_refused_whatever_is_asked(emulator: Emulator, host: str) -> None:
    """DNS rebinding: by a foreign name not even health or an API is answered, whatever X-Forwarded-Host says."""
    foreign = {"Host": host.replace("PORT", str(emulator.port)), "X-Forwarded-Host": f"127.0.0.1:{emulator.port}"}
    for path in ("/_ministack/health", "/_aws/execute-api/0a1b2c3d/x", "/"):
        assert send(emulator, "GET", path, headers=foreign)[0] == 403
    call = CALLS[6]
    signed = headers_of(emulator, call, root(emulator)) | foreign
    assert send(emulator, call.method, call.path, call.body, signed)[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_a_loopback_name_with_the_port_is_this_emulator(emulator: Emulator, host: str) -> None:
    """RFC 9110 §4.2.3: the name is case-insensitive; X-Forwarded-Host changes nothing."""
    headers = {"Host": f"{host}:{emulator.port}", "X-Forwarded-Host": "evil.example"}
    assert send(emulator, "GET", "/_ministack/health", headers=headers)[0] == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /_ministack/health HTTP/1.0\r\n", 403),
        (b"GET /_ministack/health HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\n", 400),
        (b"GET /_ministack/health HTTP/1.1\r\nHost: evil.example\r\nhost: HOST\r\n", 400),
        (b"GET http://HOST/_ministack/health HTTP/1.1\r\nHost: HOST\r\n", 403),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n", 403),
        (b"GET //_ministack/health HTTP/1.1\r\nHost: HOST\r\n", 403),
        (b"GET /x/../_ministack/health HTTP/1.1\r\nHost: HOST\r\n", 403),
        (b"GET /%5fministack/health HTTP/1.1\r\nHost: HOST\r\n", 200),
        (b"POST /%5fministack/reset HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n", 403),
        (b"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n", 403),
    ],
)
def test_a_request_names_its_host_once(emulator: Emulator, head: bytes, status: int) -> None:
    """RFC 9112 §3.2: no Host, two of them, one in the target, and paths in other spellings."""
    head = head.replace(b"HOST", f"127.0.0.1:{emulator.port}".encode())
    answer = send_raw(emulator, head + b"Connection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] == str(status).encode()


@pytest.mark.parametrize(("authority", "status"), [("evil.example", b"403"), ("127.0.0.1:PORT", b"200")])
def test_http_2_is_guarded_as_well(emulator: Emulator, authority: str, status: bytes) -> None:
    """RFC 9113 §8.3.1: `:authority` is the Host of a connection in HTTP/2, which the server speaks unasked."""
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    path, authority = "/_ministack/health", authority.replace("PORT", str(emulator.port))
    names = {":method": "GET", ":scheme": "http", ":authority": authority, ":path": path}
    client.send_headers(1, list(names.items()), end_stream=True)
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(client.data_to_send())
        while True:
            for event in client.receive_data(connection.recv(65536)):
                if isinstance(event, ResponseReceived):
                    assert dict(event.headers or [])[b":status"] == status
                    return


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "none"}])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.service} {call.method} {call.target}")
def test_no_page_is_served_whatever_it_has(emulator: Emulator, call: Call, header: dict[str, str]) -> None:
    """A browser's request is refused also with the keys of this run, and its preflight grants nothing."""
    signed = headers_of(emulator, call, root(emulator))
    assert send(emulator, call.method, call.path, call.body, signed | header)[0] == 403
    preflight = {"Access-Control-Request-Method": call.method, "Access-Control-Request-Headers": "authorization"}
    status, headers, _ = send(emulator, "OPTIONS", call.path, headers=header | preflight)
    assert status == 403
    assert not any(name.startswith("access-control-") for name in headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", "/_ministack/reset"), ("POST", "/_ministack/reset?init=1"), ("POST", "/_ministack/config")),
        *(("GET", "/_ministack/lambda-code/harmless"), ("GET", "/_ministack/ready"), ("GET", "/_localstack/health")),
        *(("GET", "/_ministack/ses/messages"), ("POST", "/_ministack/rds/iam-auth"), ("GET", "/_ministack/iot/ca.pem")),
        *(("PUT", "/_ministack/cfn-response/x"), ("PUT", "/_ministack/cfn-signal/x"), ("GET", "/_aws/lambda-url/x/")),
    ],
)
def test_the_emulators_own_paths_are_closed(emulator: Emulator, method: str, path: str) -> None:
    """Health alone is served, also to root: MiniStack asks for no permission at these paths."""
    body = '{"lambda_svc.LAMBDA_EXECUTOR": "docker"}'
    assert send(emulator, method, path, body)[0] == 403
    signed = headers_of(emulator, Call("s3", method, path, body), root(emulator))
    assert send(emulator, method, path, body, signed)[0] == 403


@pytest.mark.parametrize(
    "path", ["/health", "/oauth2/token", "/login", "/logout", "/oauth2/authorize", "/iceberg/v1/config"]
)
def test_what_ministack_serves_to_anybody_is_closed(emulator: Emulator, path: str) -> None:
    """Cognito's pages and others are in front of MiniStack's own checks."""
    for method in ("GET", "POST"):
        assert send(emulator, method, path)[0] == 403


def test_a_tampered_request_is_refused(emulator: Emulator) -> None:
    """Root's and a role's signature cover the body, the path, the query and the headers."""
    call = Call("dynamodb", "POST", "/", '{"Limit": 1}', target="DynamoDB_20120810.ListTables")
    for credentials in (root(emulator), session(emulator)):
        signed = headers_of(emulator, call, credentials)
        target = {"X-Amz-Target": "DynamoDB_20120810.DeleteTable"}
        digest = {"X-Amz-Content-SHA256": hashlib.sha256(call.body.encode()).hexdigest()}
        for path, body, changed in (
            *(("/", '{"Limit": 2}', {}), ("/?a=b", call.body, {}), ("/x", call.body, {}), ("/", call.body, target)),
            ("/", '{"Limit": 2}', digest),
        ):
            assert send(emulator, "POST", path, body, signed | changed)[0] == 403


def session(emulator: Emulator, name: str = "harmless") -> Credentials:
    """Return temporary credentials of a role."""
    arn = emulator.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    given = emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def connected(emulator: Emulator, credentials: Credentials, service: str) -> Any:
    """Return a boto3 client with these credentials."""
    return boto3.client(  # type: ignore[call-overload]  # the service is any of those that the stack uses
        service,
        endpoint_url=emulator.endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_a_role_is_itself_with_its_own_secret_alone(emulator: Emulator) -> None:
    """A role's key passes to what its policies allow; another secret or token, or none, is refused."""
    own = session(emulator)
    assert connected(emulator, own, "sts").get_caller_identity()["Arn"].endswith("/harmless/test")
    with pytest.raises(ClientError, match="AccessDenied"):
        connected(emulator, own, "dynamodb").list_tables()
    for forged in (
        Credentials(own.access_key, "x" * 40, own.token),
        Credentials(own.access_key, own.secret_key, "x"),
        Credentials(own.access_key, own.secret_key),
        Credentials("ASIA0123456789ABCDEF", own.secret_key, own.token),
    ):
        with pytest.raises(ClientError, match=r"sign the request with|signature does not match"):
            connected(emulator, forged, "dynamodb").list_tables()


def test_root_cannot_lend_its_name(emulator: Emulator) -> None:
    """Only the key of this run is root: a session of root's own is refused."""
    given = emulator.client("sts").get_session_token()["Credentials"]
    lent = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    with pytest.raises(ClientError, match="sign the request"):
        connected(emulator, lent, "sts").get_caller_identity()


def test_a_function_holds_its_role_alone(emulator: Emulator) -> None:
    """Functions get the root key neither by environment nor by arguments; a role's key does not follow from ARNs.

    MiniStack hashes the two ARNs of a function for its role's secret; both are in outputs and logs.
    """
    reads = "str(dict(os.environ)) + open('/proc/self/cmdline').read() + open(f'/proc/{os.getppid()}/environ').read()"
    configuration = create_function(
        emulator, "probe", f"lambda event, context: {{'all': {reads}, 'key': os.environ['AWS_SECRET_ACCESS_KEY']}}"
    )
    told = invoke(emulator, "probe")
    for secret in (emulator.access_key_id, emulator.secret_access_key):
        assert secret not in told["all"]
        assert secret not in json.dumps(configuration)
    for role in (configuration["Role"], "harmless"):
        digest = hashlib.sha256(f"{configuration['FunctionArn']}:{role}".encode()).hexdigest()
        assert told["key"] != hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    assert len(told["key"]) == 64


def test_a_function_calls_back_under_its_role(emulator: Emulator) -> None:
    """A call that boto3 signs from a function's environment passes the guard."""
    calls = "__import__('boto3').client('sts').get_caller_identity()['Arn']"
    create_function(emulator, "caller", f"lambda event, context: {calls}")
    assert invoke(emulator, "caller").endswith(":assumed-role/harmless/caller")


def test_keys_are_of_one_run(emulator: Emulator) -> None:
    """Each run has a root key of its own, of 64 and 256 random bits."""
    other = type(emulator)(emulator.log.parent / "other", 0)
    assert other.access_key_id != emulator.access_key_id
    assert other.secret_access_key != emulator.secret_access_key
    assert (len(other.access_key_id), len(other.secret_access_key)) == (20, 64)
