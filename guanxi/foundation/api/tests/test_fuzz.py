"""Requests made up from the API's own description: none may break it, and every answer must be as described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from guanxi.customers import actions
from guanxi.foundation.custom_fields import known
from guanxi.foundation.models import User
from guanxi.project.wsgi import application

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 4  # for each operation: many operations make many requests
# The operations of records are the same for every type: these stand for all.
TYPES = "customers|tags|events"
application.ready = True  # else it looks first whether the database is up to date, and closes the connection
with patch.object(known, "_current", known._Known):  # it is read before there is a database to ask for custom fields
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application).include(
        path_regex=rf"^/api/v1/(?!records/)|^/api/v1/records/({TYPES})(/|$)"
    )


@pytest.fixture
def in_one_transaction(db: None) -> Iterator[None]:
    """Requests run within the test's transaction: their end must not close its connection."""
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture
def somebody(staff: User) -> int:
    """A party, so that some of the requests lead somewhere."""
    party = actions.create_party(by=staff, name="王美玲", mail="mei@example.com", profile={"age": "45-54"})
    actions.give_consent(party, "marketing", "mail", by=staff)
    return party.pk


OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations()}


def test_every_operation_is_tried() -> None:
    described = schema.raw_schema["paths"]
    methods = sum(len(path.keys() & {"get", "put", "post", "patch", "delete"}) for path in described.values())
    records = sum(
        len(path.keys() & {"get", "put", "post", "patch", "delete"})
        for address, path in described.items()
        if address.startswith("/api/v1/records/") and not re.match(rf"/api/v1/records/({TYPES})(/|$)", address)
    )
    assert len(OPERATIONS) == methods - records


@pytest.mark.parametrize("label", OPERATIONS)  # each a test of its own name, which every process finds again
def test_no_request_breaks_the_api(label: str, in_one_transaction: None, token: str, somebody: int) -> None:
    @given(case=OPERATIONS[label].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def try_out(case: Any) -> None:
        if case.path.startswith("/api/v1/parties/{number}") and isinstance(case.path_parameters.get("number"), int):
            case.path_parameters["number"] = somebody if case.path_parameters["number"] % 2 else 987654
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(response, checks=CHECKS)

    try_out()
