"""Events of a client by which a clock follows its requests, with botocore's names and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ClientEvents:
    """The events `before-send` and `after-call`, each once an attempt, in the thread that makes it."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[..., object]]] = {}

    def register(self, event: str, handler: Callable[..., object]) -> None:
        """Call the handler at each event; `event` may end with the name of the service, as in botocore."""
        self._handlers.setdefault(event.partition(".")[0], []).append(handler)

    def emit_sending(self) -> None:
        """Report that a request leaves now."""
        for handler in self._handlers.get("before-send", ()):
            handler()

    def emit_answer(self, date: str | None) -> None:
        """Report that a response with this Date header arrived, whether or not it is an error."""
        for handler in self._handlers.get("after-call", ()):
            handler(parsed={"ResponseMetadata": {"HTTPHeaders": {} if date is None else {"date": date}}})
