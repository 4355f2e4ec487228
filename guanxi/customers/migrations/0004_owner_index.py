"""The index of customers by their owner, made while people work."""

from django.db import migrations, models

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("customers", "0003_custom_fields")]

    operations = [
        gently.AddIndex(
            "party",
            models.Index(
                condition=models.Q(("owner__isnull", False)), fields=["owner", "name", "id"], name="party_owner"
            ),
        ),
    ]
