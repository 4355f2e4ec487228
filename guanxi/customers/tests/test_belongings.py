"""Notes, files, tags and tasks of a customer go along when he is merged, and come back."""

from __future__ import annotations

import io

import pytest

from guanxi.customers import actions
from guanxi.customers.models import Merge, Party
from guanxi.foundation.attachments import actions as files
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.models import User
from guanxi.foundation.notes import actions as notes
from guanxi.foundation.notes.models import Note
from guanxi.foundation.tags import actions as tags
from guanxi.foundation.tags import queries as tag_queries
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.todos.models import Todo

pytestmark = pytest.mark.usefixtures("home")


def test_merged_and_undone(staff: User) -> None:
    kept, merged = (actions.create_party(by=staff, name=name) for name in ("王美玲", "王美玲 (二)"))
    note = notes.write(merged, "上午打電話", by=staff).note
    file = files.attach(merged, "合約.txt", io.BytesIO("一".encode()), by=staff)
    todo = todos.add("回電", record=merged, by=staff)
    tags.tag(kept, ["重要"], by=staff)
    tags.tag(merged, ["重要", "展覽"], by=staff)
    actions.merge_parties(kept, [merged], by=staff)
    for model, row in ((Note, note), (Attachment, file), (Todo, todo)):
        assert list(model.objects.visible_to(staff).of(kept)) == [row]
    assert [tag.name for tag in tag_queries.of(kept)] == ["展覽", "重要"]
    tags.untag(kept, tag_queries.of(kept)[0].pk, by=staff)
    later = notes.write(kept, "合併之後", by=staff).note
    actions.undo_merge(Merge.objects.get().pk, by=staff)
    back = Party.objects.visible_to(staff).get(pk=merged.pk)
    assert list(Note.objects.of(back)) == [note]
    assert list(Note.objects.of(kept)) == [later]
    assert list(Todo.objects.of(back)) == [todo]
    assert [tag.name for tag in tag_queries.of(back)] == ["重要"]
    assert [tag.name for tag in tag_queries.of(kept)] == ["重要"]
    notes.edit(note.pk, "還是上午", by=staff)
