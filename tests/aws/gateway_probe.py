"""The source of a Lambda function that is the authorizer and the backend of an API beside the stack."""

from __future__ import annotations

from typing import Any

RAISES = "Bearer raise"


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Decide, or answer, by what the event is for."""
    return decide(event) if "routeArn" in event or "methodArn" in event else answer(event)


def decide(event: dict[str, Any]) -> dict[str, Any]:
    """Return an Allow with the header as it came, or raise the exception that is 401 on a REST API."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    if headers["authorization"] == RAISES:
        raise Exception("Unauthorized")
    context = {"authorization": headers["authorization"]}
    if event.get("version") == "2.0":
        return {"isAuthorized": True, "context": context}
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "verification", "policyDocument": policy, "context": context}


def answer(event: dict[str, Any]) -> dict[str, Any]:
    """Return the status that the path names and no header; else the method and the authorizer's context, as text."""
    path = event["rawPath"]
    if path.startswith("/status/"):
        return {"statusCode": int(path.rpartition("/")[2])}
    context = event["requestContext"]
    seen = context.get("authorizer", {}).get("lambda", {}).get("authorization", "")
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": f"{context['http']['method']} {seen}"}
