"""One owner's deals that stand for too long are found by an index."""

from django.db import migrations, models
from django.db.models import Q

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0003_lanes")]
    operations = [
        gently.AddIndex(
            "deal",
            models.Index(
                fields=["owner", "state", "stage", "stage_since", "weighted"],
                condition=Q(state="open"),
                name="deal_own_ageing",
            ),
        )
    ]
