"""What stands there from the beginning: a pipeline, reasons of loss, and a playbook for each kind of purchase.

Names are kept in English and shown in the reader's language until somebody rewrites them.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

PIPELINE = gettext_noop("New business")
STAGES = [  # name, probability, expected days
    (gettext_noop("Qualification"), 10, 14),
    (gettext_noop("Needs understood"), 25, 21),
    (gettext_noop("Offer made"), 50, 21),
    (gettext_noop("Negotiation"), 75, 14),
    (gettext_noop("Agreed by word"), 90, 7),
]
REASONS = [  # name, whether somebody else won
    (gettext_noop("Price"), True),
    (gettext_noop("The product lacks something"), True),
    (gettext_noop("Delivery too late"), True),
    (gettext_noop("Their relationship is stronger"), True),
    (gettext_noop("No budget"), False),
    (gettext_noop("Nothing is bought after all"), False),
    (gettext_noop("They do not answer any more"), False),
]
NEED, SPECIFICATION, OFFERS, CHOICE, CONTRACT, REVIEW = (
    "1need", "2spec", "3offers", "4choice", "5contract", "6review",
)  # fmt: skip
PLAYBOOKS: dict[str, list[tuple[str, str]]] = {
    "new_task": [
        (NEED, gettext_noop("Find out what hurts, whom, and what it costs them")),
        (NEED, gettext_noop("Find the initiator, and who decides in the end")),
        (SPECIFICATION, gettext_noop("Help to write the specification; talk with the users")),
        (SPECIFICATION, gettext_noop("Show references of the same task")),
        (OFFERS, gettext_noop("Be on the list: ask who else is invited, and by when offers are due")),
        (OFFERS, gettext_noop("Make the offer; present it to the whole committee")),
        (CHOICE, gettext_noop("Ask each member what still speaks against us, and answer it")),
        (CHOICE, gettext_noop("Let them try it, or bring them to a reference")),
        (CONTRACT, gettext_noop("Agree on terms with the buyer, and on the start with the users")),
        (REVIEW, gettext_noop("Visit after three months: is it what they needed?")),
    ],
    "modified_rebuy": [
        (NEED, gettext_noop("Find out why they look again: price, quality, delivery, or us")),
        (SPECIFICATION, gettext_noop("Learn what is to be different, and propose it before others do")),
        (OFFERS, gettext_noop("Make the offer beside what they have, with what the change is worth")),
        (CHOICE, gettext_noop("Speak with the decider about what changing suppliers would cost")),
        (CONTRACT, gettext_noop("Agree on the changed terms")),
        (REVIEW, gettext_noop("Look at quality and delivery with them after the first order")),
    ],
    "straight_rebuy": [
        (NEED, gettext_noop("Ask before they run short: quantity and day")),
        (OFFERS, gettext_noop("Send the offer by the agreed terms")),
        (CONTRACT, gettext_noop("Have the order confirmed")),
        (REVIEW, gettext_noop("Ask whether all came as agreed")),
    ],
}


def _texts() -> set[str]:
    steps = {text for lines in PLAYBOOKS.values() for _step, text in lines}
    return {PIPELINE, *(name for name, *_rest in STAGES), *(name for name, _lost in REASONS), *steps}


TEXTS = _texts()


def worded(text: str) -> str:
    """A name as it is shown: those that nobody rewrote in the reader's language."""
    return _(text) if text in TEXTS else text


def install(models: Any) -> None:
    """Make all of it where there is no pipeline yet; `models(name)` gives a model (by a migration: as it was then)."""
    if models("Pipeline").objects.exists():
        return
    pipeline = models("Pipeline").objects.create(name=PIPELINE, position=10)
    for place, (name, probability, days) in enumerate(STAGES, 1):
        models("Stage").objects.create(
            pipeline=pipeline, name=name, position=10 * place, probability=probability, expected_days=days
        )
    for place, (name, lost) in enumerate(REASONS, 1):
        models("LostReason").objects.create(name=name, position=10 * place, needs_competitor=lost)
    for kind, lines in PLAYBOOKS.items():
        for place, (step, text) in enumerate(lines, 1):
            models("Check").objects.create(purchase_kind=kind, step=step, text=text, position=10 * place)
