"""The cases of the suite in a module of that name."""

from retinue_conformance.test_threads import *  # noqa: F403
