"""What is done with calendars: feeds, invitations that go out, what comes from other calendars by mail, and calendars
elsewhere that are kept the same."""

from guanxi.channels.calendar.actions.accounts import (
    connect_calendar,
    disconnect_calendar,
    edit_calendar,
    forget_entry,
    forget_object,
    note_calendar_failure,
    note_calendar_success,
    note_not_put,
    note_put,
    pause_calendar,
    settle_clash,
    take_object,
    try_left_out_again,
)
from guanxi.channels.calendar.actions.arriving import dismiss, take, take_over
from guanxi.channels.calendar.actions.feeds import close_feed, note_reading, open_feed, renew_feed
from guanxi.channels.calendar.actions.inviting import invite, respond
from guanxi.channels.calendar.actions.repeating import cancel_time, move_time, repeat

__all__ = [
    "cancel_time",
    "close_feed",
    "connect_calendar",
    "disconnect_calendar",
    "dismiss",
    "edit_calendar",
    "forget_entry",
    "forget_object",
    "invite",
    "move_time",
    "note_calendar_failure",
    "note_calendar_success",
    "note_not_put",
    "note_put",
    "note_reading",
    "open_feed",
    "pause_calendar",
    "renew_feed",
    "repeat",
    "respond",
    "settle_clash",
    "take",
    "take_object",
    "take_over",
    "try_left_out_again",
]
