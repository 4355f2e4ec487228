from django.db import migrations, models

EVERYTHING = "read write admin"  # what tokens from before could do


class Migration(migrations.Migration):
    dependencies = [("foundation", "0003_notification_kind")]

    operations = [
        migrations.AddField(
            "apitoken",
            "scopes",
            models.CharField(db_default=EVERYTHING, default=EVERYTHING, max_length=500, verbose_name="may"),
        ),
        migrations.AddField(
            "apitoken", "expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")
        ),
        migrations.AddField(
            "apitoken",
            "addresses",
            models.CharField(blank=True, db_default="", max_length=400, verbose_name="from"),
        ),
        migrations.AddField(
            "apitoken",
            "last_address",
            models.CharField(blank=True, db_default="", max_length=45, verbose_name="last address"),
        ),
    ]
