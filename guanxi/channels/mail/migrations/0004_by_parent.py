"""What answers a message is found by it, so that a message read after its answers joins their thread."""

from django.db import migrations, models

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0003_folders_files_leads")]

    operations = [
        gently.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("in_reply_to", ""), _negated=True), fields=["in_reply_to"], name="message_by_parent"
            ),
        ),
    ]
