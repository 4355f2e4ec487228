"""Somebody's open tasks are found without those that are done."""

from django.db import migrations, models
from django.db.models import Q

from guanxi.foundation import gently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("todos", "0005_next_action")]
    operations = [
        gently.AddIndex(
            "todo",
            models.Index(
                fields=["assignee", "due_on", "id"], condition=Q(done_at__isnull=True), name="todo_open_of_whom"
            ),
        )
    ]
