"""Returns who calls, as the authorizer says."""

import json


def lambda_handler(event, _context):
    """Answer with the caller; an HTTP API has the authorizer's answer under `lambda`."""
    caller = event["requestContext"]["authorizer"]["lambda"]
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({name: caller[name] for name in ("sub", "client_id", "scope")}),
    }
