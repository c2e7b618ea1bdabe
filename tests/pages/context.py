"""Values in place of those that a page shows, and the things that a page takes as given."""

from __future__ import annotations

from tests.pages.fences import fences_of

# A reader has an id or an address of one's own where the page shows one. A value is a word of the page's shell.
REPLACED: dict[str, dict[str, str]] = {
    "docs/access-rules.md": {"a1b2c3d4e5": '"$API_ID"'},
    "docs/clients.md": {"c_0123456789abcdef": '"$CLIENT_ID"'},
    "docs/domain.md": {"https://login.example.com": '"$KEYTURN_ISSUER_URL"'},
    "docs/runbook.md": {"THE_KID": '"$KID"'},
    "docs/users.md": {" SID": ' "$SID"'},
}

_MEMBER = """
member() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
"""
_TOKEN = (
    _MEMBER
    + """
TOKEN=$(curl -s -u "$KEYTURN_CLIENT_ID:$KEYTURN_CLIENT_SECRET" -d grant_type=client_credentials \
  "$KEYTURN_TOKEN_ENDPOINT" |
  member "['access_token']")
"""
)
_STEP = ".venv/bin/python -m tests.pages.application"
_CONTINUE = "aws cloudformation continue-update-rollback --stack-name keyturn"
[_RULES] = [fence.text for fence in fences_of("README.md") if fence.language == "json"]

# Files, ids and tokens that the reader has before a block which begins so: the page does not make them.
GIVEN: dict[str, dict[str, str]] = {
    "README.md": {".venv/bin/python -m local rules my-rules.json": f"cat > my-rules.json <<'END'\n{_RULES}END"},
    "docs/access-rules.md": {
        ".venv/bin/keyturn rules check rules.json\n": f"""{_TOKEN}
cp examples/access-rules.json rules.json
API_ID=$(aws apigatewayv2 get-apis --output text --query "Items[?Name=='http-api'].ApiId")
"""
    },
    "docs/clients.md": {
        '.venv/bin/keyturn clients add --name "Report reader"': f"{_STEP} key batch.pem batch-public.json",
        ".venv/bin/keyturn clients update": f"""{_MEMBER}
CLIENT_ID=$(.venv/bin/keyturn clients add --name C --audience https://api.example.com --scope reports:read --json |
  member "['client_id']")
""",
    },
    # The stack on AWS is new: it has no user.
    "docs/deployment.md": {".venv/bin/keyturn users add": ".venv/bin/keyturn users remove ada@example.com --yes"},
    "docs/issuer.md": {
        'curl -s "$ISSUER/.well-known/oauth-authorization-server"': 'ISSUER="$KEYTURN_ISSUER_URL"',
        'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials': f"""{_MEMBER}
ADDED=$(.venv/bin/keyturn clients add --name Shop --audience https://api.example.com \
  --scope "openid email orders:read" --redirect-uri https://app.example.com/callback --grant authorization_code \
  --grant refresh_token --grant client_credentials --json)
CLIENT_ID=$(echo "$ADDED" | member "['client_id']")
CLIENT_SECRET=$(echo "$ADDED" | member "['client_secret']")
""",
        "curl -s -d grant_type=client_credentials -d client_assertion": f"""
{_STEP} key shop.pem shop.json
KEYED=$(.venv/bin/keyturn clients add --name K --audience https://api.example.com --scope orders:read --jwks shop.json \
  --json)
ASSERTION=$({_STEP} assertion shop.pem "$(echo "$KEYED" | member "['client_id']")")
""",
        "VERIFIER=$(openssl": "STATE=$RANDOM",
        'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=authorization_code': f"""
.venv/bin/keyturn users enable ada@example.com >&2
CODE=$({_STEP} code "$CLIENT_ID" "$CHALLENGE")
""",
        'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=refresh_token': f"""
CODE=$({_STEP} code "$CLIENT_ID" "$CHALLENGE")
TOKENS=$(curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=authorization_code -d code="$CODE" \
  -d code_verifier="$VERIFIER" --data-urlencode redirect_uri=https://app.example.com/callback "$ISSUER/oauth2/token")
ACCESS_TOKEN=$(echo "$TOKENS" | member "['access_token']")
REFRESH_TOKEN=$(echo "$TOKENS" | member "['refresh_token']")
""",
        'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d token=': "TOKEN=$ACCESS_TOKEN",
    },
    "docs/runbook.md": {
        ".venv/bin/keyturn keys list": _MEMBER,
        ".venv/bin/python -c 'import json, sys; from keyturn.adapters.keys": """
ISSUER_ROLE_ARN=arn:aws:iam::000000000000:role/$(resource TokenIssuerRole)
ROTATOR_ROLE_ARN=arn:aws:iam::000000000000:role/$(resource KeyRotatorRole)
KEY_ARN=$(.venv/bin/keyturn keys list --json | member "['rings'][0]['keys'][-1]['arn']")
""",
        'aws kms get-key-policy --key-id "$PEPPER_KEY_ARN"': 'export EDITOR="administrator allow-deletion"',
        # Passwords need the pepper, which the page deletes.
        f"{_CONTINUE}\n": 'aws kms cancel-key-deletion --key-id "$PEPPER_KEY_ARN"\nadministrator fail-update',
        f"{_CONTINUE} --resources-to-skip": "administrator fail-update",
        ".venv/bin/keyturn keys compromise": """
KID=$(.venv/bin/keyturn keys list --json | python3 -c "import json, sys
print(next(key['kid'] for key in json.load(sys.stdin)['rings'][0]['keys'] if key['state'] == 'ACTIVE'))")
""",
    },
    "docs/users.md": {
        ".venv/bin/keyturn users sessions": f"""{_MEMBER}
LINK=$(.venv/bin/keyturn users link grace@example.com --json | member "['link']")
{_STEP} link grace@example.com "$LINK"
SID=$(.venv/bin/keyturn users sessions grace@example.com --json | member "['sessions'][0]['session_id']")
"""
    },
}


def given_before(page: str, text: str) -> str:
    """Return the commands by which the reader gets what a block of the page takes as given."""
    return "\n".join(given for start, given in GIVEN.get(page, {}).items() if text.startswith(start))


# Patterns of the outputs that a page describes in prose, in this order.
SAYS: dict[str, list[str]] = {
    "docs/access-rules.md": ["no mistake in the document", "rule +POST /reports", "rule +GET /reports"],
    "docs/domain.md": ['"issuer":"http://localhost:'],
    "docs/first-steps.md": ["^valid$", "^verdict +valid$", "^revoked jti#", "^401$"],
    "docs/issuer.md": [
        '"jwks_uri"',
        '"userinfo_endpoint"',
        '{"keys"',
        '"scope":"orders:read"}',
        '"scope":"orders:read"}',
        r"/login\?interaction=",
        '"refresh_token"',
        '"id_token"',
        '"refresh_token"',
        '"id_token"',
        '"email":"ada@example.com"',
        '"active":true',
        r"\{\}",
    ],
    "docs/runbook.md": [
        "^done: compromise",
        r"^200$",
        "^done: compromise",
        "^401$",
        "^200$",
        "COMPROMISED",
        "ACTIVE",
        "PRE_ACTIVATION",
        "dry run: nothing was written",
        "revoked global: every token of every client",
        '"KeyState": "PendingDeletion"',
    ],
    "examples/rest-api/README.md": [" 401$", " 401$", " 403$", " 200$"],
}
