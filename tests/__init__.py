import pytest

pytest.register_assert_rewrite("retinue_conformance")
