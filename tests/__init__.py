"""The tests. What the conformance suite asserts is told in full, so it is registered before anything imports it."""

import pytest

pytest.register_assert_rewrite("retinue_conformance")
