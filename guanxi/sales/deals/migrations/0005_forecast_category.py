"""How much a forecast may count on a deal: said of stages, and of a deal by hand; and what forecasts add up by."""

from django.db import migrations, models

from guanxi.foundation import gently

CATEGORIES = [
    ("commit", "Commit"),
    ("best_case", "Best case"),
    ("pipeline", "Pipeline"),
    ("omitted", "Omitted"),
]
ADDED = {
    "deal_forecast": ["state", "expected_close", "owner", "stage", "forecast_category", "amount", "weighted"],
    "deal_ended": ["state", "closed_on", "owner", "amount"],
}


def category() -> models.Field:
    return models.CharField(
        blank=True, choices=CATEGORIES, db_default="", default="", max_length=9, verbose_name="forecast category"
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0004_own_ageing")]
    operations = [
        migrations.AddField("deal", "forecast_category", category()),
        migrations.AddField("stage", "forecast_category", category()),
        *[gently.AddIndex("deal", models.Index(fields=fields, name=name)) for name, fields in ADDED.items()],
    ]
