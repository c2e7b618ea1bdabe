"""Accepts the connections that the authorizer allowed."""


def lambda_handler(event, _context):
    """Answer a handshake; a browser that offered the protocol `bearer` must see it chosen (RFC 6455 §4.1)."""
    offered = {name.lower(): value for name, value in event.get("headers", {}).items()}
    if "sec-websocket-protocol" in offered:
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "bearer"}}
    return {"statusCode": 200}
