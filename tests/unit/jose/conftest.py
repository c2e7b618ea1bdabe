"""How many examples the properties try: a few in `make test`, a million in all in `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

# Of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)
