"""Boards add up along an index, one owner's too."""

from django.db import migrations, models

from guanxi.foundation import gently

LANE = ["state", "expected_close", "id", "amount", "weighted"]
ADDED = {
    "deal_in_stage": ["stage", *LANE],
    "deal_in_pipeline": ["pipeline", *LANE],
    "deal_in_state": LANE,
    "deal_own_stage": ["owner", "stage", *LANE],
    "deal_own_pipeline": ["owner", "pipeline", *LANE],
    "deal_own_state": ["owner", *LANE],
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0002_ready_made")]
    operations = [
        *[gently.AddIndex("deal", models.Index(fields=fields, name=name)) for name, fields in ADDED.items()],
        *[migrations.RemoveIndex("deal", name) for name in ("deal_stage", "deal_pipeline", "deal_state")],
    ]
