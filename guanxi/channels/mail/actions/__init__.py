"""Everything that is done with mail: mailboxes connected and read, what comes kept, filed, written and sent."""

from guanxi.channels.mail.actions.filing_by_hand import file, set_private
from guanxi.channels.mail.actions.keeping import Come, keep, leave_out
from guanxi.channels.mail.actions.mailboxes import (
    begin_folder,
    choose_folders,
    connect,
    disconnect,
    edit,
    move_on,
    note_backlog,
    note_failure,
    note_folders,
    note_success,
    pause,
)
from guanxi.channels.mail.actions.writing import (
    LETTER,
    LONGEST_TEXT,
    Draft,
    note_sent,
    note_unsent,
    send_again,
    write,
)

__all__ = [
    "LETTER",
    "LONGEST_TEXT",
    "Come",
    "Draft",
    "begin_folder",
    "choose_folders",
    "connect",
    "disconnect",
    "edit",
    "file",
    "keep",
    "leave_out",
    "move_on",
    "note_backlog",
    "note_failure",
    "note_folders",
    "note_sent",
    "note_success",
    "note_unsent",
    "pause",
    "send_again",
    "set_private",
    "write",
]
