"""The parts of a request that access rules read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class RoutedRequest(Protocol):
        """The parts of a request that rules read.

        `template` is the route that API Gateway chose, or None where the event has the path alone. `path` is the ARN's
        path, and `paths` are all paths that the event names; both lack the leading slash.
        """

        @property
        def api_id(self) -> str: ...
        @property
        def method(self) -> str: ...
        @property
        def path(self) -> str: ...
        @property
        def paths(self) -> tuple[str, ...]: ...
        @property
        def template(self) -> str | None: ...


CONNECT_ROUTE = "$connect"


def has_known_method(request: RoutedRequest) -> bool:
    """Return whether rules can name the method, or mean it by ANY: capital letters alone (RFC 9110 §9.1).

    A method is case-sensitive, but a backend may take `get` for GET, whose own rule ANY would evade.
    """
    method = request.method
    return (method.isupper() and method.isalpha() and method.isascii()) or request.template == CONNECT_ROUTE
