"""What an operator asks of the login by `lambda:InvokeFunction`: a dict in, a dict out.

| event `keyturn` | members besides | answer |
|---|---|---|
| add_user | subject, email; name, locale, claims (standard claims), email_verified (default true) | subject |
| create_link | subject | link (URL), expires_at |
| unlock | subject | subject |
| erase | subject; actor | subject |
| list_sessions | subject | sessions: each session_id, created_at, auth_time, last_used_at, ends_at, device, gave_code |
| end_sessions | subject; session_id (absent: all of them), actor | ended: how many |

Times are service time in whole seconds. A refusal is {"error": code, "message": sentence}; the codes are bad_request,
email_taken (with `subject`, who has it), user_exists, unknown_user, not_active, not_erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OperatorActions:
    """Answers the operator's events."""

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer, or {"error": code, "message": sentence}; raises what the ports raise."""
        raise NotImplementedError
