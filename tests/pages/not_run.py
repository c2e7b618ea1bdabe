"""The blocks of commands that no test of the pages runs: by page and reason, the commands in them.

A page gives the reason in a mark before the block (`fences`). A new mark belongs into this list, on purpose.
"""

from __future__ import annotations

AWS = "it needs an AWS account"
DOCKER = "it needs Docker"

NOT_RUN: dict[tuple[str, str], list[str]] = {
    ("README.md", AWS): ["sam build", "sam deploy"],
    ("docs/verifying-service.md", "tests/distribution installs the wheel"): ["pip install"],
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
    ("docs/runbook.md", "the emulator keeps no backup of a deleted table"): [
        "TABLE=keyturn-KeyRingTable-1ABCDEFGHIJKL",
        "aws dynamodb list-backups",
        "aws dynamodb restore-table-from-backup",
        "aws dynamodb wait table-exists",
        "aws dynamodb update-continuous-backups",
        "aws dynamodb update-table",
    ],
    ("docs/runbook.md", "a person edits the policy of a key"): [
        "aws kms get-key-policy",
        "$EDITOR",
        "aws kms put-key-policy",
        "aws kms schedule-key-deletion",
    ],
    ("docs/runbook.md", "tests/infrastructure/test_runbook.py runs it: it deletes the stack"): [
        "created()",
        "aws cloudformation describe-stack-events",
        "}",
        "created",
        "aws cloudformation delete-stack",
        "aws cloudformation wait stack-delete-complete",
        "for",
        "aws dynamodb update-table",
        "aws dynamodb wait table-exists",
        "aws dynamodb delete-table",
        "done",
        ".venv/bin/keyturn uninstall keyturn",
    ],
    ("docs/runbook.md", "the emulator rolls no update back"): ["aws cloudformation continue-update-rollback"],
    ("docs/runbook.md", "tests/integration/test_uninstall.py runs it: the stack is deleted before"): [
        ".venv/bin/keyturn uninstall keyturn"
    ],
    ("CONTRIBUTING.md", "each is a stage of CI, or lasts for minutes, or stays up"): [
        "make test",
        "make check",
        "make fuzz",
        "make mutants",
        "make dist",
        "make bench",
        "make run",
        "make demo",
        "make build",
        "make audit",
        "make lock",
    ],
    ("CONTRIBUTING.md", DOCKER): [
        "make build",
        "make events",
        "export",
        ".venv-tools/bin/sam local invoke",
        ".venv-tools/bin/sam local start-api",
    ],
    ("docs/verification/README.md", AWS): ["export", "make verify-aws"],
    ("docs/verification/README.md", "tests/integration/test_verification.py runs it"): ["make verify-aws"],
    ("examples/cdk/README.md", AWS): ["cd", "npm ci", "npx"],
    ("examples/http-api/README.md", AWS): ["cd", "sam deploy"],
    ("examples/rest-api/README.md", AWS): ["cd", "sam deploy"],
    ("examples/websocket-api/README.md", AWS): ["cd", "sam deploy"],
}
