"""In place of an index for each stage of one's own open deals: one in the order of what they may bring."""

from django.db import migrations, models
from django.db.models import Q

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0005_forecast_category")]
    operations = [
        gently.AddIndex(
            "deal",
            models.Index(
                fields=["owner", "weighted", "id", "state", "stage", "stage_since"],
                condition=Q(state="open"),
                name="deal_own_best",
            ),
        ),
        migrations.RemoveIndex("deal", "deal_own_ageing"),
    ]
