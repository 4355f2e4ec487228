"""What can be done with deals: make, change, move, win, lose, reopen; share the credit; tick; map who decides."""

from guanxi.sales.deals.actions.committee import propose_committee, remove_seat, seat
from guanxi.sales.deals.actions.competition import add_contender, edit_note, note_of_market, remove_contender
from guanxi.sales.deals.actions.credits import set_credits
from guanxi.sales.deals.actions.making import create_deal, edit_deal, recompute, remove_deal
from guanxi.sales.deals.actions.moving import lose, move, reopen, win
from guanxi.sales.deals.actions.ticking import tick

__all__ = [
    "add_contender",
    "create_deal",
    "edit_deal",
    "edit_note",
    "lose",
    "move",
    "note_of_market",
    "propose_committee",
    "recompute",
    "remove_contender",
    "remove_deal",
    "remove_seat",
    "reopen",
    "seat",
    "set_credits",
    "tick",
    "win",
]
