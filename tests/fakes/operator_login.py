"""The login's answers to an operator (login.operator_actions), over the users of a stack and sessions in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyturn.domain.errors import AlreadyExists
from keyturn.domain.users.email import normalise_email
from keyturn.domain.users.user import User

if TYPE_CHECKING:
    from keyturn.ports import AuthorityReader, UserStore

NOW = 1_790_000_000
LINK = "https://auth.example/login/link?link=a-secret"


class OperatorLogin:
    """Answers events as the login does; `sessions` by subject, `done` are the actions that changed something."""

    def __init__(self, users: UserStore, authorities: AuthorityReader) -> None:
        self.sessions: dict[str, list[dict[str, Any]]] = {}
        self.done: list[tuple[str, str]] = []
        self._users = users
        self._authorities = authorities

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to an event."""
        action, subject = event["keyturn"], event["subject"]
        if action == "add_user":
            return self._add(event)
        if action != "erase" and self._users.get(subject) is None:
            return {"error": "unknown_user", "message": "no user has this subject"}
        answer: dict[str, Any] = getattr(self, f"_{action}")(event)
        if action != "list_sessions":
            self.done.append((action, subject))
        return answer

    def sign_in(self, subject: str, session_id: str, device: str = "Firefox on Linux") -> None:
        """Start a session."""
        times = {"created_at": NOW, "auth_time": NOW, "last_used_at": NOW + 60, "ends_at": NOW + 3600}
        session = {"session_id": session_id, "device": device, "gave_code": True} | times
        self.sessions.setdefault(subject, []).append(session)

    def _add(self, event: dict[str, Any]) -> dict[str, Any]:
        subject, email = event["subject"], event["email"]
        reserved = normalise_email(email)
        user = User(
            subject=subject,
            email=email,
            name=event.get("name"),
            locale=event.get("locale"),
            claims=event.get("claims", {}),
            email_verified_at=NOW,
            created_at=NOW,
            updated_at=NOW,
        )
        try:
            self._users.create(user, email=reserved)
        except AlreadyExists:
            owner = self._users.find_subject(reserved)
            return {"error": "email_taken", "message": "another user has this address", "subject": owner}
        return {"subject": subject}

    def _create_link(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"link": LINK, "expires_at": NOW + 7 * 86_400}

    def _unlock(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"subject": event["subject"]}

    def _erase(self, event: dict[str, Any]) -> dict[str, Any]:
        subject = event["subject"]
        authority = self._authorities.get(subject)
        if authority is None or authority.status != "erased":
            return {"error": "not_erased", "message": "the tombstone comes first"}
        user = self._users.get(subject)
        self._users.erase(subject, email=None if user is None else normalise_email(user.email))
        self.sessions.pop(subject, None)
        return {"subject": subject}

    def _list_sessions(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"sessions": self.sessions.get(event["subject"], [])}

    def _end_sessions(self, event: dict[str, Any]) -> dict[str, Any]:
        there = self.sessions.get(event["subject"], [])
        kept = [each for each in there if event.get("session_id") not in (None, each["session_id"])]
        self.sessions[event["subject"]] = kept
        return {"ended": len(there) - len(kept)}
