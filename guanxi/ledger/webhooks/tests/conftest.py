from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from guanxi.ledger.webhooks.tests.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A real receiver on this machine, which the settings name."""
    settings.GUANXI_WEBHOOK_HOSTS = ["127.0.0.1"]
    with receiving() as one:
        yield one
