"""The issuer's reads about users: profile, authority and consent, one strongly consistent GetItem each."""

from __future__ import annotations

from keyturn.adapters.aws.table_reads import TableReads
from keyturn.adapters.users.authority_item import authority_from_item, authority_key
from keyturn.adapters.users.consent_item import consent_from_item, consent_key
from keyturn.adapters.users.user_item import user_from_item, user_key
from keyturn.domain.users.authority import Authority
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.subject import is_subject
from keyturn.domain.users.user import User


class DynamoDbUserReader(TableReads):
    """Reads profiles."""

    def get(self, subject: str) -> User | None:
        """Return the profile, or None; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        item = self._item(user_key(subject), "a profile")
        return None if item is None else user_from_item(item)


class DynamoDbAuthorityReader(TableReads):
    """Reads status and custom claims of users."""

    def get(self, subject: str) -> Authority | None:
        """Return the authority, or None for a user who cannot sign in; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        item = self._item(authority_key(subject), "an authority")
        return None if item is None else authority_from_item(item)


class DynamoDbConsentReader(TableReads):
    """Reads consents."""

    def get(self, subject: str, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None; strongly consistent. Raises ItemDamaged."""
        if not is_subject(subject):
            return None
        item = self._item(consent_key(subject, client_id), "a consent")
        return None if item is None else consent_from_item(item)
