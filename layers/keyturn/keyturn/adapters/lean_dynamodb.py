"""DynamoDB without boto3, and the time that its answers tell."""

from __future__ import annotations

import calendar

from keyturn.adapters.lean_service import LeanService, service_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def dynamodb_origin(environ: Mapping[str, str]) -> str:
    """Return where DynamoDB is, by AWS_ENDPOINT_URL_DYNAMODB first; raises ValueError that names a wrong variable."""
    return service_origin(environ, "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB")


class LeanDynamoDB(LeanService):
    """DynamoDB's read operations."""

    title = "DynamoDB"
    name = "dynamodb"
    target = "DynamoDB_20120810"
    json_version = "1.0"

    @property
    def date(self) -> int | None:
        """Service time, in whole seconds since the epoch, when the last answer left; None before a usable one."""
        parts = [] if self.answered_at is None else self.answered_at.split()
        try:
            # RFC 9110 §5.6.7: Sun, 06 Nov 1994 08:49:37 GMT. The month's name is English whatever the locale.
            _, day, month, year, clock, _ = parts
            hour, minute, second = map(int, clock.split(":"))
            return calendar.timegm((int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second))
        except ValueError:
            return None
