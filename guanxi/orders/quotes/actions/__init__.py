"""What can be done with quotes."""

from guanxi.orders.quotes.actions.answering import accept, answer_comment, comment, decline
from guanxi.orders.quotes.actions.approving import ask_approval, decide
from guanxi.orders.quotes.actions.making import (
    Draft,
    add_line,
    change_line,
    create_quote,
    edit_quote,
    locked,
    remove_line,
    set_lines,
)
from guanxi.orders.quotes.actions.sending import new_version, send, withdraw

__all__ = [
    "Draft",
    "accept",
    "add_line",
    "answer_comment",
    "ask_approval",
    "change_line",
    "comment",
    "create_quote",
    "decide",
    "decline",
    "edit_quote",
    "locked",
    "new_version",
    "remove_line",
    "send",
    "set_lines",
    "withdraw",
]
