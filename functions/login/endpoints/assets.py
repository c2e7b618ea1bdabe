"""`GET /assets/{file}`: the stylesheet, under a name that changes with its content."""

from __future__ import annotations

from keyturn.web.request import Request
from keyturn.web.responses import Response, asset
from login.assets import ASSET_PATH, find_asset
from login.refusals import PageNotFound

_SHORT = {"cache-control": "public, max-age=300"}


class Assets:
    """Serves the files of the pages."""

    methods = ("GET",)

    def respond(self, request: Request) -> Response:
        """Return the file; raises PageNotFound."""
        found = find_asset(request.path.removeprefix(ASSET_PATH))
        if found is None:
            raise PageNotFound("there is no such asset")
        answer = asset(found.content, found.content_type)
        return answer if found.is_immutable else answer.with_headers(_SHORT)
