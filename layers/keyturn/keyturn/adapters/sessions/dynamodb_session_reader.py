"""The issuer's side of the sessions in DynamoDB: one GetItem, and one UpdateItem of a session that exists."""

from __future__ import annotations

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.aws.transactions import outlast_conflicts
from keyturn.adapters.sessions.session_item import session_from_item, session_key
from keyturn.domain.sessions.session import Session


class DynamoDbSessionReader(TableReads):
    """Reads a session, and records its last use."""

    def get(self, key_hash: str) -> Session | None:
        """Return the session of a cookie's hash, ended or not, or None; strongly consistent. Raises ItemDamaged."""
        item = self._item(session_key(key_hash), "a session")
        return None if item is None else session_from_item(item)

    def touch(self, session: Session, *, now: int, gave_code: bool) -> bool:
        """Write `last_used_at`, and `gave_code` if it is True; return False if the session is gone."""
        changes = {"last_used_at": now} | ({"gave_code": True} if gave_code else {})
        with aws_errors("DynamoDB UpdateItem of a session"):
            try:
                outlast_conflicts(
                    lambda: self._dynamodb.update_item(
                        TableName=self._table,
                        Key=session_key(session.key_hash),
                        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in changes),
                        ConditionExpression="attribute_exists(pk)",
                        ExpressionAttributeValues=encode_item({f":{name}": value for name, value in changes.items()}),
                    )
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
