"""Operator actions: each is one invocation of the function (`lambda:InvokeFunction`), with a dict as its event.

| event `keyturn` | other members | result |
|---|---|---|
| add_user | subject, email; name, locale, claims (standard claims), email_verified (default true) | subject |
| create_link | subject | link (URL), expires_at |
| unlock | subject | subject |
| erase | subject; actor | subject |
| list_sessions | subject | sessions: each session_id, created_at, auth_time, last_used_at, ends_at, device, gave_code |
| end_sessions | subject; session_id (absent: all of them), actor | ended: how many |

Times are service time in whole seconds. A refusal is {"error": code, "message": sentence}; the codes are bad_request,
email_taken (with the owner as `subject`), user_exists, unknown_user, not_active, not_erased.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor
from typing import TYPE_CHECKING, Any

from keyturn.domain.errors import AlreadyExists
from keyturn.domain.users.user import User
from login.operator_event import ActionRefused, OperatorEvent

if TYPE_CHECKING:
    from keyturn.domain.sessions.session import Session
    from keyturn.ports import Clock
    from keyturn.user_ports import Attempts, SessionStore, UserStore
    from login.erase import Erase
    from login.links import Links
    from login.session_end import SessionEnd


class OperatorActions:
    """Carries out the operator's events; `link_url` makes the URL of a link's value."""

    def __init__(
        self,
        *,
        users: UserStore,
        sessions: SessionStore,
        attempts: Attempts,
        links: Links,
        end: SessionEnd,
        erase: Erase,
        clock: Clock,
        link_url: Callable[[str], str],
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._attempts = attempts
        self._links = links
        self._end = end
        self._erase = erase
        self._clock = clock
        self._link_url = link_url
        self._actions: dict[str, Callable[[OperatorEvent], dict[str, Any]]] = {
            "add_user": self._add_user,
            "create_link": self._create_link,
            "unlock": self._unlock,
            "erase": self._erase_user,
            "list_sessions": self._list_sessions,
            "end_sessions": self._end_sessions,
        }

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response, or {"error": code, "message": sentence}; raises the errors of the ports.

        Each action may be repeated after a lost response.
        """
        try:
            asked = OperatorEvent(event)
            action = self._actions.get(asked.action)
            if action is None:
                raise ActionRefused("bad_request", "the login has no such action")
            return action(asked)
        except ActionRefused as refused:
            return {"error": refused.code, "message": str(refused), **refused.details}

    def _add_user(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members("email", "name", "locale", "claims", "email_verified")
        email = event.email()
        owner = self._users.find_subject(email)
        now = floor(self._clock.now().latest)
        user = event.user(now)
        if owner is not None and owner != user.subject:
            raise ActionRefused("email_taken", "another user has this email address", subject=owner)
        if owner is None:
            self._create(user, email)
        elif not self._is_same(user):
            raise ActionRefused("user_exists", "this user exists already, with another profile")
        return {"subject": user.subject}

    def _create(self, user: User, email: str) -> None:
        try:
            self._users.create(user, email=email)
        except AlreadyExists:
            owner = self._users.find_subject(email)
            if owner is not None and owner != user.subject:
                raise ActionRefused("email_taken", "another user has this email address", subject=owner) from None
            raise ActionRefused("user_exists", "this user exists already") from None

    def _is_same(self, user: User) -> bool:
        stored = self._users.get(user.subject)
        return stored is not None and (stored.email, stored.name, stored.locale, dict(stored.claims)) == (
            user.email,
            user.name,
            user.locale,
            dict(user.claims),
        )

    def _create_link(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members()
        self._known(event.subject)
        issued = self._links.create(event.subject)
        if issued is None:
            raise ActionRefused("not_active", "the user may not sign in: enable the user first")
        return {"link": self._link_url(issued.value), "expires_at": issued.expires_at}

    def _unlock(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members()
        self._known(event.subject)
        self._attempts.forgive(event.subject)
        return {"subject": event.subject}

    def _erase_user(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members("actor")
        if not self._erase.erase(event.subject, actor=event.actor()):
            raise ActionRefused("not_erased", "the user has no tombstone in AuthorityTable: write it first")
        return {"subject": event.subject}

    def _list_sessions(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members()
        found = self._sessions.list(event.subject)
        now = floor(self._clock.now().latest)
        return {"sessions": [_described(session) for session in found if not session.is_over(now)]}

    def _end_sessions(self, event: OperatorEvent) -> dict[str, Any]:
        event.check_members("session_id", "actor")
        actor, session_id = event.actor(), event.session_id()
        if session_id is None:
            self._known(event.subject)
            return {"ended": self._end.end_all(event.subject, reason="operator", actor=actor)}
        found = [each for each in self._sessions.list(event.subject) if each.session_id == session_id]
        for session in found:
            self._end.end(session, reason="operator", actor=actor)
        return {"ended": len(found)}

    def _known(self, subject: str) -> None:
        if self._users.get(subject) is None:
            raise ActionRefused("unknown_user", "there is no user of this subject")


def _described(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "created_at": session.created_at,
        "auth_time": session.auth_time,
        "last_used_at": session.last_used_at,
        "ends_at": min(session.last_used_at + session.idle_seconds, session.expires_at),
        "device": session.device,
        "gave_code": session.gave_code,
    }
