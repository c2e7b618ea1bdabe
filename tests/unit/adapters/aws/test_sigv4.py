"""Our signature is AWS's own."""

from __future__ import annotations

import datetime
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from keyturn.adapters.aws.sigv4 import Credentials, sign

_key_text = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", min_size=1, max_size=60)
_header_value = st.text('  abcXYZ019._-:;,=/+"', min_size=1, max_size=40).filter(str.strip)
_dates = st.datetimes(timezones=st.just(datetime.UTC)).filter(lambda at: at.year > 1999)
_regions = st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
_hosts = st.sampled_from(["dynamodb.eu-central-1.amazonaws.com", "localhost:4566", "127.0.0.1:8000"])


def reference(request: AWSRequest, service: str, region: str, at: datetime.datetime, keys: Credentials) -> str:
    """Return the Authorization header that botocore writes."""
    signer = SigV4Auth(
        ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token), service, region
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=at):
        signer.add_auth(request)
    return str(request.headers["Authorization"])


@given(
    body=st.binary(max_size=300),
    target=_header_value,
    host=_hosts,
    service=st.sampled_from(["dynamodb", "kms", "ssm"]),
    region=_regions,
    at=_dates,
    access_key_id=_key_text,
    secret=_key_text,
    session_token=st.none() | _key_text,
)
def test_signature_equals_botocores(
    body: bytes,
    target: str,
    host: str,
    service: str,
    region: str,
    at: datetime.datetime,
    access_key_id: str,
    secret: str,
    session_token: str | None,
) -> None:
    """For any body, header, Region, time and credentials, the Authorization header is botocore's."""
    headers = {"Host": host, "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    keys = Credentials(access_key_id, secret, session_token)
    amz_date = at.strftime("%Y%m%dT%H%M%SZ")
    signed = sign(headers, body, service=service, region=region, amz_date=amz_date, credentials=keys)
    request = AWSRequest("POST", f"https://{host}/", headers=headers, data=body)
    assert signed["Authorization"] == reference(request, service, region, at, keys)
    assert signed["X-Amz-Date"] == amz_date
    assert signed.get("X-Amz-Security-Token") == session_token


def test_credentials_hide_themselves() -> None:
    """R66: the text of credentials shows nothing of them."""
    assert repr(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "session")) == "Credentials(…)"
