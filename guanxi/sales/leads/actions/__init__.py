"""What can be done with leads: take them in, give them to somebody, answer, drop, convert, and take that back."""

from guanxi.sales.leads.actions.converting import convert, undo_conversion
from guanxi.sales.leads.actions.making import assign, create_lead, drop, edit_lead, note_activity, remove_lead

__all__ = [
    "assign",
    "convert",
    "create_lead",
    "drop",
    "edit_lead",
    "note_activity",
    "remove_lead",
    "undo_conversion",
]
