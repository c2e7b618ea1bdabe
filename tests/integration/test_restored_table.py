"""The runbook's commands for a deleted table, by the AWS CLI on moto: the emulator keeps no backup of a table."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from tests.fakes.moto_dynamodb import create_table, moto_dynamodb

if TYPE_CHECKING:
    from tests.pages.run_by import PageBlocks

ROOT = Path(__file__).parents[2]
TABLE = "keyturn-KeyRingTable-1ABCDEFGHIJKL"


@contextmanager
def served(dynamodb: Any) -> Iterator[str]:
    """Serve DynamoDB's JSON protocol by a client, and give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = getattr(dynamodb, xform_name(operation))(**given)
            body = json.dumps(answer, default=datetime.timestamp).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_commands_restore_a_deleted_table(tmp_path: Path, page_blocks: PageBlocks) -> None:
    """The table has its items, recovery and protection again, from a backup that the test makes in place of AWS."""
    account = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    path = f"{ROOT / '.venv-aws' / 'bin'}:{os.environ['PATH']}"
    with moto_dynamodb() as dynamodb, served(dynamodb) as url:
        create_table(dynamodb, TABLE, "pk")
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "ring#default"}})
        dynamodb.create_backup(TableName=TABLE, BackupName="as of the deletion")
        dynamodb.delete_table(TableName=TABLE)
        page_blocks.run(tmp_path, account | {"AWS_ENDPOINT_URL": url, "PATH": path})
        assert dynamodb.scan(TableName=TABLE)["Items"] == [{"pk": {"S": "ring#default"}}]
        assert dynamodb.describe_table(TableName=TABLE)["Table"]["DeletionProtectionEnabled"] is True
        backups = dynamodb.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
