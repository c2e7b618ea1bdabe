"""The transactions that start a session or change a password, over the tables of the login.

An operator writes a user's status first and the revocation cutoff second. A session cannot start between the two: its
transaction requires the status and the credential that were read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.aws.attribute_values import decode_item, encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.transactions import transact
from keyturn.adapters.credentials.credential_items import link_key, password_key, password_to_item
from keyturn.adapters.interactions.interaction_update import sign_in_update
from keyturn.adapters.sessions.session_item import (
    pointer_key,
    pointer_to_item,
    session_delete,
    session_key,
    session_to_item,
)
from keyturn.adapters.users.authority_item import authority_key
from keyturn.adapters.users.user_item import user_key
from keyturn.domain.users.authority import Authority, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn.domain.credentials.link import Link
    from keyturn.domain.credentials.password import PasswordCredential
    from keyturn.domain.interactions.interaction import Interaction
    from keyturn.domain.sessions.session import Session
    from keyturn.domain.users.user import User


class LoginTables(NamedTuple):
    """The names of the tables that a sign-in writes, or whose items its conditions read."""

    users: str
    authorities: str
    credentials: str
    sessions: str
    interactions: str


class DynamoDbSignIns:
    """Writes each sign-in and each new password in one transaction."""

    def __init__(self, dynamodb: DynamoDBClient, tables: LoginTables) -> None:
        self._dynamodb = dynamodb
        self._tables = tables

    def sign_in(
        self,
        session: Session,
        *,
        authority: Authority,
        credential: PasswordCredential,
        replaced: Session | None,
        interaction: Interaction | None,
    ) -> bool:
        """Start the session, delete the replaced one, and mark the interaction; return False if something changed."""
        if interaction is not None and interaction.browser_hash is None:
            return False
        item = encode_item(session_to_item(session))
        new = "attribute_not_exists(pk)"
        writes: list[Any] = [
            {"Put": {"TableName": self._tables.sessions, "Item": item, "ConditionExpression": new}},
            {"Put": {"TableName": self._tables.sessions, "Item": encode_item(pointer_to_item(session))}},
            {"ConditionCheck": self._is_active(authority)},
            {"ConditionCheck": self._has_revision(credential)},
        ]
        if replaced is not None:
            writes += self._deletes(replaced, session)
        if interaction is not None:
            update = sign_in_update(
                interaction,
                session_id=session.session_id,
                authenticated_at=session.auth_time,
                now=session.created_at,
            )
            writes.append({"Update": {"TableName": self._tables.interactions} | update})
        return self._write(writes, "a sign-in") or self._is_stored(
            self._tables.sessions, session_key(session.key_hash), item
        )

    def change_password(
        self,
        credential: PasswordCredential,
        *,
        authority: Authority,
        user: User,
        previous: PasswordCredential | None,
        link: Link | None,
    ) -> bool:
        """Store the next password and use up the link; return False if something changed."""
        item = encode_item(password_to_item(credential))
        put: dict[str, Any] = {"TableName": self._tables.credentials, "Item": item}
        if previous is None:
            put["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            put |= _with_revision(previous.revision)
            put["ConditionExpression"] += " AND v <= :v"
            put["ExpressionAttributeValues"] |= encode_item({":v": ITEM_VERSION})
        profile = {"TableName": self._tables.users, "Key": user_key(user.subject)} | _with_revision(user.revision)
        writes: list[Any] = [
            {"Put": put},
            {"ConditionCheck": self._is_active(authority)},
            {"ConditionCheck": profile},
        ]
        if link is not None:
            writes.append({"Delete": self._use(link, credential.changed_at)})
        return self._write(writes, "a new password") or self._is_stored(
            self._tables.credentials, password_key(credential.subject), item
        )

    def _deletes(self, replaced: Session, session: Session) -> list[Any]:
        """Return the writes that delete the replaced session.

        A missing session was ended, and its sid may be revoked: another session must not get that sid.
        """
        delete = session_delete(replaced, is_there=replaced.session_id == session.session_id)
        return [
            {"Delete": {"TableName": self._tables.sessions} | each} for each in (delete, {"Key": pointer_key(replaced)})
        ]

    def _is_active(self, authority: Authority) -> dict[str, Any]:
        return {
            "TableName": self._tables.authorities,
            "Key": authority_key(authority.subject),
            "ConditionExpression": "#status = :active AND revision = :revision",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": encode_item({":active": Status.ACTIVE.value, ":revision": authority.revision}),
        }

    def _has_revision(self, credential: PasswordCredential) -> dict[str, Any]:
        key = password_key(credential.subject)
        return {"TableName": self._tables.credentials, "Key": key} | _with_revision(credential.revision)

    def _use(self, link: Link, now: int) -> dict[str, Any]:
        return {
            "TableName": self._tables.credentials,
            "Key": link_key(link.key_hash),
            "ConditionExpression": "subject = :subject AND expires_at > :now",
            "ExpressionAttributeValues": encode_item({":subject": link.subject, ":now": now}),
        }

    def _write(self, writes: list[Any], what: str) -> bool:
        return transact(
            lambda token: self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token), what
        )

    def _is_stored(self, table: str, key: Any, item: dict[str, Any]) -> bool:
        """Return whether the item is there as it was written: an attempt came through, and its response was lost."""
        with aws_errors("DynamoDB GetItem after a transaction"):
            answer = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
        stored: Any = answer.get("Item", {})
        return decode_item(stored) == decode_item(item)


def _with_revision(revision: int) -> dict[str, Any]:
    """Return the condition that an item still has the revision that was read."""
    return {
        "ConditionExpression": "revision = :revision",
        "ExpressionAttributeValues": encode_item({":revision": revision}),
    }
