"""What every test shares: the number of examples of the properties, and the models of AWS's services.

A few examples are tried in `make test`; in `make fuzz`, a million of the verifier's in all. None has a deadline: how
long an example takes is the machine's matter, and what is bounded has a test that counts.
"""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.loaders import create_loader
from hypothesis import settings

settings.register_profile("short", deadline=None)
settings.load_profile("short")
# Of each of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)

# Each session would read the same JSON again: a third of the time of the tests on moto.
botocore.session.create_loader = cache(create_loader)
