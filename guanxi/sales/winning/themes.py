"""Which features are told as one reason: what speaks of the same thing is added up."""

from __future__ import annotations

THEMES: dict[str, tuple[str, ...]] = {
    "stage": ("stage", "progress"),
    "standing_still": ("days_in_stage", "pace"),
    "age": ("age_days",),
    "moves": ("moves", "moves_back"),
    "amount": ("amount",),
    "amount_change": ("amount_change",),
    "close": ("close_moves", "days_to_close"),
    "contact": ("contacts", "quiet_days"),
    "committee": ("seats", "deciders"),
    "competitors": ("competitors",),
    "owner": ("owner_rate",),
    "customer": ("party_won", "party_lost", "standing"),
    "source": ("source",),
    "kind": ("purchase_kind", "buyer_kind"),
}
