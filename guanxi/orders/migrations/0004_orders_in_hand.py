from django.db import migrations, models

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0003_handling")]

    operations = [
        gently.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state", ""), _negated=True),
                fields=["state", "-placed_at", "-id"],
                name="order_in_hand",
            ),
        ),
    ]
