"""The blocks of commands that no test runs: by page and reason, the commands in them.

A page gives the reason in a mark before the block (`fences`). A new mark belongs into this list, on purpose.
"""

from __future__ import annotations

AWS = "it needs an AWS account"
CI = "CI runs it"
WORKFLOW = "a workflow of CI runs it"

NOT_RUN: dict[tuple[str, str], list[str]] = {
    ("README.md", AWS): ["sam build", "sam deploy"],
    ("docs/deployment.md", AWS): [
        "sam build",
        "sam deploy",
        "git checkout",
        "sam delete",
        ".venv/bin/keyturn uninstall keyturn",
    ],
    ("docs/domain.md", AWS): [
        "sam build",
        "sam deploy",
        "aws cloudformation describe-stacks",
        "aws cloudformation deploy",
        "aws apigatewayv2 update-api",
    ],
    ("CONTRIBUTING.md", CI): ["make test", "make check"],
    ("CONTRIBUTING.md", "it lasts for minutes"): ["make fuzz", "make mutants", "make bench"],
    ("CONTRIBUTING.md", WORKFLOW): ["make audit", "make lock"],
    ("docs/verification/README.md", AWS): ["export", "make verify-aws"],
    ("examples/cdk/README.md", AWS): ["cd", "npm ci", "npx"],
}
