"""How many examples the properties try: a few in `make test`; in `make fuzz`, a million of the verifier's in all.

None has a deadline: how long an example takes is the machine's matter, and what is bounded has a test that counts.
"""

from __future__ import annotations

from hypothesis import settings

from tests.fakes.kept_setups import keep_setups

settings.register_profile("short", deadline=None)
settings.load_profile("short")
# Of each of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)

keep_setups()
