"""The desk: list and record pages of any type of object, from a declaration of about 25 lines.

It knows models, fields, rights and hooks; it must not know any type of object of a higher floor by name.
How to use it: docs/develop/desk.md.
"""

from guanxi.foundation.desk.addresses import list_url, numbered, record_url
from guanxi.foundation.desk.declaration import (
    Bulk,
    Button,
    Column,
    Desk,
    Filter,
    Menu,
    Panel,
    Pill,
    Question,
    Quick,
    find,
    find_for,
    register,
    registered,
)
from guanxi.foundation.desk.kinds import Kind
from guanxi.foundation.desk.sets import SetOfChanges, Sets
from guanxi.foundation.desk.shapes import Board, Calendar, Fresh, Lane, Lanes

__all__ = [
    "Board",
    "Bulk",
    "Button",
    "Calendar",
    "Column",
    "Desk",
    "Filter",
    "Fresh",
    "Kind",
    "Lane",
    "Lanes",
    "Menu",
    "Panel",
    "Pill",
    "Question",
    "Quick",
    "SetOfChanges",
    "Sets",
    "find",
    "find_for",
    "list_url",
    "numbered",
    "record_url",
    "register",
    "registered",
]
