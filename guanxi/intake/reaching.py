"""How far an import reaches: it touches the records that he may touch in whose name it is done.

Asked in sets, a query for each chunk, and none where he may change all.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import models
from django.db.models import Q

from guanxi.customers.models import Party
from guanxi.foundation.desk.among import Among
from guanxi.foundation.governing import Through, rule_of
from guanxi.foundation.visibility import Viewer, limited, rights_of
from guanxi.intake.importing import Job

Model = type[models.Model]
NOT_YOURS = "not_yours"  # a reason of rejects


def owner_of_new(by: Viewer) -> int | None:
    """Whose the customers are that an import makes: of who sees but some, his own; of others, nobody's yet."""
    return by.pk if limited(by, Party) or limited(by, Party, "edit") else None


def beyond(job: Job, model: Model, ids: pa.Array, verb: str = "edit") -> pa.Array:
    """Those of the stored records with these ids that the import may not `verb`."""
    return _outside(job, model, rule_of(model).narrow(model, rights_of(job.by), verb), ids)


def beyond_for(job: Job, model: Model, link: str, ids: pa.Array) -> pa.Array:
    """Those of the records with these ids under which the import may not make rows of `model`; `link`: by which key."""
    rule: Any = rule_of(model)
    assert isinstance(rule, Through)
    parent: Any = model._meta.get_field(link).related_model
    return _outside(job, parent, rule.under(model, link, rights_of(job.by), "create"), ids)


def _outside(job: Job, model: Any, condition: Q | None, ids: pa.Array) -> pa.Array:
    stored = ids.filter(pc.greater(ids, 0))  # a look makes up others
    if condition is None or not len(stored):
        return ids.slice(0, 0)
    rows = model._base_manager.filter(condition | Q(import_run=job.run_id))  # what the run itself made it goes on with
    mine = rows.filter(Among("pk", stored.to_pylist())).values_list("pk", flat=True)
    return stored.filter(pc.invert(pc.is_in(stored, value_set=pa.array(mine, pa.int64()))))
