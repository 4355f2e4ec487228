"""The lead of a deal is found by it, also where hardly any lead has become one."""

from django.db import migrations, models

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0003_by_territory")]

    operations = [
        gently.AddIndex(
            "lead",
            models.Index(condition=models.Q(("deal__isnull", False)), fields=["deal"], name="lead_deal"),
        ),
    ]
