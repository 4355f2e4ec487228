from django.db import migrations

# The index of SQLite is put together of pieces, one for each transaction that wrote something; with each it merges some
# of those that lie there. Fewer merges are half of what a new customer costs there (1 ms of 2), and a search looks
# through a few pieces more.
SETTING = "INSERT INTO search_index (search_index, rank) VALUES ('automerge', {})"


def merge_at(pieces):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(SETTING.format(pieces))

    return change


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]

    operations = [migrations.RunPython(merge_at(8), merge_at(4))]
