"""A service that verifies each token by itself: neither API Gateway nor AWS is needed."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from keyturn.verifier import JwksVerifier, TokenError, VerifierUnavailable

SCOPE = "reports:read"


def answer(verifier, authorization):
    """Return status, headers and body for the Authorization headers of a request (RFC 6750 §3)."""
    scheme, _, raw = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        return 401, {"WWW-Authenticate": "Bearer"}, {"message": "Unauthorized"}
    try:
        token = verifier.verify(raw.strip(" "))
    except TokenError:
        return 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, {"message": "Unauthorized"}
    except VerifierUnavailable as error:
        return 503, {"Retry-After": str(error.retry_after)}, {"message": "Service Unavailable"}
    if SCOPE not in token.scope:
        return 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, {"message": "Forbidden"}
    return 200, {}, {"sub": token.subject, "client_id": token.client_id}


class Reports(BaseHTTPRequestHandler):
    """Answers each GET."""

    def do_GET(self):
        status, headers, body = answer(self.server.verifier, self.headers.get_all("Authorization", []))
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


def main():
    """Serve on loopback, for the issuer and the audience of the environment."""
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8490"))), Reports)
    server.verifier = JwksVerifier(os.environ["KEYTURN_ISSUER_URL"], os.environ["KEYTURN_AUDIENCE"])
    server.serve_forever()


if __name__ == "__main__":
    main()
