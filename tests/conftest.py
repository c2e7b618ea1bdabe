"""How many examples the properties try: a few in `make test`; in `make fuzz`, a million of the verifier's in all."""

from __future__ import annotations

from hypothesis import settings

# Of each of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)
