"""The composed login: its endpoints by path, the operator's actions, and the address of a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from keyturn.web.request import Request
from login.assets import ASSET_PATH
from login.client_address import ClientAddress, address_block
from login.endpoints.endpoint import Endpoint

if TYPE_CHECKING:
    from login.operator_actions import OperatorActions


class Login(NamedTuple):
    """The parts that `app` calls."""

    endpoints: Mapping[str, Endpoint]
    assets: Endpoint
    operator_actions: OperatorActions
    address: ClientAddress

    def find_endpoint(self, path: str) -> Endpoint | None:
        """Return the endpoint of the path, or None."""
        return self.assets if path.startswith(ASSET_PATH) else self.endpoints.get(path)

    def address_block(self, request: Request) -> str | None:
        """Return the network of the browser's address, for the log."""
        return address_block(self.address.read(request))
