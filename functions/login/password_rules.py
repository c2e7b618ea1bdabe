"""The rules for a new password of a user at this issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.credentials.password_policy import Weakness, context_words, find_weakness, normalise_password

if TYPE_CHECKING:
    from keyturn.domain.credentials.blocklist import Blocklist
    from keyturn.domain.users.user import User


class PasswordRules:
    """Judges new passwords; `host` is the issuer's host name."""

    def __init__(self, blocklist: Blocklist, host: str) -> None:
        self._blocklist = blocklist
        self._host = host

    def weakness(self, user: User, password: str) -> Weakness | None:
        """Return the first rule that the password breaks for this user, or None."""
        return find_weakness(
            normalise_password(password),
            context=context_words(email=user.email, name=user.name, host=self._host),
            is_common=self._blocklist.__contains__,
        )
