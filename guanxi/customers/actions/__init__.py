"""What can be done with customers: make and correct them, reach them, relate them, note what they agreed to."""

from guanxi.customers.actions.consents import give_consent, record_consent, withdraw_consent
from guanxi.customers.actions.contacts import Added, add_contact_point, change_contact_point, remove_contact_point
from guanxi.customers.actions.merging import Merged, merge_parties, settle_strays, undo_merge
from guanxi.customers.actions.parties import add_role, create_party, edit_party, set_roles
from guanxi.customers.actions.relationships import add_relationship, change_relationship, remove_relationship

__all__ = [
    "Added",
    "Merged",
    "add_contact_point",
    "add_relationship",
    "add_role",
    "change_contact_point",
    "change_relationship",
    "create_party",
    "edit_party",
    "give_consent",
    "merge_parties",
    "record_consent",
    "remove_contact_point",
    "remove_relationship",
    "set_roles",
    "settle_strays",
    "undo_merge",
    "withdraw_consent",
]
