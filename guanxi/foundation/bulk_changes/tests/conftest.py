"""The desk `people` and its parties, as the desk's own tests have them."""

from guanxi.foundation.desk.tests.conftest import desk, parties  # noqa: F401  fixtures
