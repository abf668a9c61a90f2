"""The cases of the suite in a module of that name."""

from retinue_conformance.test_engine import *  # noqa: F403
