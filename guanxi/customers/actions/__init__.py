"""What can be done with customers: make and correct them, reach them, relate them, note what they agreed to."""

from guanxi.customers.actions.consents import (
    confirm_opt_in,
    give_consent,
    lift_restriction,
    record_consent,
    request_consent,
    restrict,
    set_purpose,
    withdraw_all,
    withdraw_consent,
    write_text,
)
from guanxi.customers.actions.contacts import Added, add_contact_point, change_contact_point, remove_contact_point
from guanxi.customers.actions.matching import (
    add_junk,
    decide_pair,
    merge_by_itself,
    remove_junk,
    reopen_pair,
    set_matching,
    set_rule,
    set_trust,
)
from guanxi.customers.actions.merging import Merged, merge_parties, settle_strays, undo_merge
from guanxi.customers.actions.owning import hand_over
from guanxi.customers.actions.parties import add_role, create_party, edit_party, set_roles
from guanxi.customers.actions.relationships import (
    add_relationship,
    change_relationship,
    end_relationship,
    move_in_chart,
    remove_relationship,
)
from guanxi.customers.actions.upserting import put_party

__all__ = [
    "Added",
    "Merged",
    "add_contact_point",
    "add_junk",
    "add_relationship",
    "add_role",
    "change_contact_point",
    "change_relationship",
    "confirm_opt_in",
    "create_party",
    "decide_pair",
    "edit_party",
    "end_relationship",
    "give_consent",
    "hand_over",
    "lift_restriction",
    "merge_by_itself",
    "merge_parties",
    "move_in_chart",
    "put_party",
    "record_consent",
    "remove_contact_point",
    "remove_junk",
    "remove_relationship",
    "reopen_pair",
    "request_consent",
    "restrict",
    "set_matching",
    "set_purpose",
    "set_roles",
    "set_rule",
    "set_trust",
    "settle_strays",
    "undo_merge",
    "withdraw_all",
    "withdraw_consent",
    "write_text",
]
