from django.db import migrations, models

from guanxi.foundation.sealing import triggers


def refuse(apps, schema_editor):
    triggers.ensure(schema_editor.connection.alias)


def allow(apps, schema_editor):
    for name in triggers.names():
        table = name.rsplit("_no_", 1)[0]
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("foundation", "0002_audit_address")]

    operations = [
        migrations.CreateModel(
            name="Door",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("why", models.CharField(max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField(default=0)),
                ("hash", models.CharField(blank=True, max_length=64)),
                ("mark", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(null=True)),
                ("complete", models.DateTimeField(null=True)),
                ("proof", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField()),
                ("since", models.DateTimeField(null=True)),
                ("key", models.CharField(max_length=16)),
                ("salt", models.CharField(blank=True, max_length=24)),
                ("frame_digest", models.CharField(max_length=64)),
                ("values_digest", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.RunPython(refuse, allow),
    ]
