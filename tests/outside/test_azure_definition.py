"""The carried definition, changed, against the published file of 2024-05-01-preview: the same in all that is judged."""

from __future__ import annotations

import pytest

from .azure_published import CHANGES, Change, changed, judged, published
from .needs import azure_definition, sdk

sdk()
PUBLISHED = judged(published(azure_definition()))
pytestmark = pytest.mark.outside


def test_the_carried_definition_after_the_changes_is_the_published_one() -> None:
    ours = judged(changed())
    assert ours.keys() == PUBLISHED.keys()
    for name, told in PUBLISHED.items():
        assert ours[name] == told, name


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_without_one_of_the_changes_it_is_not(change: Change) -> None:
    assert judged(changed([item for item in CHANGES if item is not change])) != PUBLISHED
