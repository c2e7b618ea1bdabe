"""The login's side of the profiles in DynamoDB: one transaction writes a profile and its reserved address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.errors import aws_errors
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.aws.partition_queries import PartitionQueries
from keyturn.adapters.aws.transactions import transact
from keyturn.adapters.users.dynamodb_user_readers import DynamoDbUserReader
from keyturn.adapters.users.user_item import (
    PROFILE,
    USER_PREFIX,
    reservation_key,
    reservation_to_item,
    subject_from_reservation,
    user_key,
    user_to_item,
)
from keyturn.domain.errors import AlreadyExists, VersionConflict
from keyturn.domain.users.user import User

# DynamoDB refuses a partition key of more than 2,048 bytes as an invalid call; addresses of users are shorter.
_MAX_EMAIL_BYTES = 1024


class DynamoDbUsers(DynamoDbUserReader, PartitionQueries):
    """Creates, changes and erases profiles, and keeps each email address unique."""

    def find_subject(self, email: str) -> str | None:
        """Return the subject that has reserved the normalised address, or None; strongly consistent."""
        if len(email.encode("utf-8", "surrogatepass")) > _MAX_EMAIL_BYTES:
            return None
        item = self._item(reservation_key(email), "an email address")
        return None if item is None else subject_from_reservation(item)

    def create(self, user: User, *, email: str) -> None:
        """Store a new profile and reserve its normalised address in one transaction; raises AlreadyExists."""
        put = {"Item": encode_item(user_to_item(user)), "ConditionExpression": "attribute_not_exists(pk)"}
        if not self._write([self._put(put), self._reserve(email, user.subject)], "a new user"):
            # An earlier attempt of this call, whose response was lost, counts as success.
            if self.get(user.subject) == user and self.find_subject(email) == user.subject:
                return
            raise AlreadyExists("the user or the email address exists already")

    def update(self, user: User, *, email: str, previous_email: str) -> User:
        """Store the next revision, and move the reservation if the normalised address changed.

        Raises VersionConflict, and AlreadyExists for an address of another user.
        """
        changed = replace(user, revision=user.revision + 1)
        writes = [self._replace(changed)]
        if email == previous_email:
            writes.append({"ConditionCheck": self._reserved(email, user.subject)})
        else:
            writes += [
                self._reserve(email, user.subject),
                {"Delete": self._reserved(previous_email, user.subject)},
            ]
        if not self._write(writes, "a changed user"):
            owner = self.find_subject(email)
            if owner == user.subject and self.get(user.subject) == changed:
                return changed
            if owner not in (None, user.subject):
                raise AlreadyExists("another user has the email address")
            raise VersionConflict(f"the user {user.subject} was changed by somebody else: try again")
        return changed

    def erase(self, subject: str, *, email: str | None) -> None:
        """Delete the profile, its reservation and its consents; may be repeated.

        The profile is deleted last: a repetition finds the address by it.
        """
        if email is not None:
            self._erase_reservation(email, subject)
        sort_keys = self._sort_keys(f"{USER_PREFIX}{subject}", "a user")
        for sort_key in sorted(sort_keys, key=PROFILE.__eq__):
            with aws_errors("DynamoDB DeleteItem of a user"):
                self._dynamodb.delete_item(TableName=self._table, Key=user_key(subject, sort_key))

    def _erase_reservation(self, email: str, subject: str) -> None:
        with aws_errors("DynamoDB DeleteItem of an email address"):
            try:
                self._dynamodb.delete_item(**self._reserved(email, subject))
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return  # deleted already, or another user's by now

    def _replace(self, user: User) -> dict[str, Any]:
        """Return the write that replaces a profile's previous revision."""
        return self._put(
            {
                "Item": encode_item(user_to_item(user)),
                "ConditionExpression": "revision = :read AND v <= :v",
                "ExpressionAttributeValues": encode_item({":read": user.revision - 1, ":v": ITEM_VERSION}),
            }
        )

    def _reserve(self, email: str, subject: str) -> dict[str, Any]:
        return self._put(
            {
                "Item": encode_item(reservation_to_item(email, subject)),
                "ConditionExpression": "attribute_not_exists(pk) OR subject = :subject",
                "ExpressionAttributeValues": {":subject": {"S": subject}},
            }
        )

    def _put(self, write: dict[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table} | write}

    def _reserved(self, email: str, subject: str) -> dict[str, Any]:
        """Return the arguments of an operation on a reservation that must be this user's."""
        return {
            "TableName": self._table,
            "Key": reservation_key(email),
            "ConditionExpression": "subject = :subject",
            "ExpressionAttributeValues": {":subject": {"S": subject}},
        }

    def _write(self, writes: Sequence[Any], what: str) -> bool:
        return transact(
            lambda token: self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token), what
        )
