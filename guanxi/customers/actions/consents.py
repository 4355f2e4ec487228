"""What a party agreed to: a ledger of its own, in which the newest row counts; and what stands against using data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Max
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from guanxi.customers import contacting, purposes, sending
from guanxi.customers.actions.locking import locked, mark_changed
from guanxi.customers.happenings import tell
from guanxi.customers.models import Consent, ConsentPurpose, ConsentText, ContactPoint, OptIn, Party, Restriction
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused, action, change, create
from guanxi.foundation.visibility import Viewer, require

# Through what a party may agree to be reached; the ledger's channels, of which customers must not know.
CHANNELS = ("mail", "phone", "sms", "post", "chat", "app", "any")
OPT_IN = "customers.opt-in"  # the salt of links that confirm
ANSWER_WITHIN = timedelta(days=14)


@action
def record_consent(
    party: Party,
    purpose: str,
    channel: str,
    given: bool,
    *,
    by: Viewer,
    basis: str = Consent.Basis.CONSENT,
    source: str = "",
    proof: dict[str, Any] | None = None,
    at: datetime | None = None,
    lapses_at: datetime | None = None,
) -> Consent:
    """Note that `party` agreed to, or withdrew, `purpose` through `channel`. Nothing is overwritten: the newest
    counts. `lapses_at` is when it ends of itself, where that is not as the purpose says.
    """
    party = locked(party.pk, by)
    _refuse_unknown(purpose, channel)
    if at and at > max(clock.now(), timezone.now()) + timedelta(days=1):
        raise Refused(_("A consent has been given; this time lies in the future."), "at")
    row = create(
        Consent,
        party=party,
        purpose=purpose,
        channel=channel,
        given=given,
        basis=basis,
        source=source,
        proof=proof or {},
        at=at or clock.now(),
        lapses_at=lapses_at,
    )
    tell("consent.given" if given else "consent.withdrawn", party, by=by, purpose=purpose, channel=channel, basis=basis)
    return row


@action
def give_consent(party: Party, purpose: str, channel: str, *, by: Viewer, **details: Any) -> Consent:
    """Note that `party` agreed; see `record_consent`."""
    return record_consent(party, purpose, channel, True, by=by, **details)


@action
def withdraw_consent(party: Party, purpose: str, channel: str, *, by: Viewer, **details: Any) -> Consent:
    """Note that `party` withdrew; see `record_consent`."""
    return record_consent(party, purpose, channel, False, by=by, **details)


@action
def withdraw_all(party: Party, *, by: Viewer, source: str = "", proof: dict[str, Any] | None = None) -> int:
    """Take back every consent that people can take back themselves, on all channels; how many rows that took."""
    count = 0
    for purpose in purposes.every().values():
        if purpose.public:
            withdraw_consent(party, purpose.code, "any", by=by, source=source, proof=proof)
            count += 1
    return count


def _refuse_unknown(purpose: str, channel: str) -> None:
    known = purposes.every()
    if purpose not in known:
        message = _("“%(purpose)s” is no purpose; known are %(known)s.")
        raise Refused(message % {"purpose": purpose, "known": ", ".join(known)}, "purpose")
    if channel not in CHANNELS:
        message = _("“%(channel)s” is no channel for consents; known are %(known)s.")
        raise Refused(message % {"channel": channel, "known": ", ".join(CHANNELS)}, "channel")


# Double opt-in --------------------------------------------------------------------------------------------------------


@action
def request_consent(
    party: Party,
    purpose: str,
    *,
    by: Viewer,
    channel: str = "mail",
    address: str = "",
    language: str = "",
    source: str = "",
) -> OptIn:
    """Ask `party` by mail whether he agrees; until he confirms, nothing is agreed.

    The mail goes to `address`, one of his own, by default the preferred, in `language`, by default his. Raises Refused
    where he may not be asked.
    """
    party = locked(party.pk, by)
    _refuse_unknown(purpose, channel)
    sending.require_contactable(party, purposes.CONFIRMATION, "mail", by=by)
    if contacting.objects_to(party, purpose):
        raise Refused(str(contacting.WHY["objected"]), "party")
    language = spoken(language or party.language)
    text = purposes.text_of(purpose, language)
    row = create(
        OptIn,
        party=party,
        purpose=purpose,
        channel=channel,
        address=address or _preferred(party),
        text=text.text,
        version=text.version,
        language=language,
        source=source,
        asked_at=clock.now(),
        expires_at=clock.now() + ANSWER_WITHIN,
    )
    with override(language):
        context = {"text": text.text, "address": confirmation_url(row), "until": row.expires_at}
        body = render_to_string("customers/mail/opt_in.txt", context)
        subject = _("Please confirm: %(purpose)s") % {"purpose": purposes.label_of(purpose)}
    sending.send_mail(party, purposes.CONFIRMATION, subject, body, by=by, address=row.address)
    tell("consent.asked", party, by=by, purpose=purpose, channel=channel)
    return row


def _preferred(party: Party) -> str:
    points = ContactPoint.objects.filter(party=party, kind=ContactPoint.Kind.MAIL).order_by("-preferred", "id")
    return str(points.values_list("key", flat=True).first())


def confirmation_url(row: OptIn) -> str:
    """Where the question is answered, without log-in."""
    token = signing.dumps(row.pk, salt=OPT_IN)
    return f"{settings.GUANXI_URL}{reverse('rights:confirm', args=[token])}"


def spoken(language: str) -> str:
    """One of our languages: the one named, else that of the reader."""
    known = [code for code, _name in settings.LANGUAGES]
    wanted = language.lower().replace("_", "-")
    same = {"zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh": "zh-hant", "zh-cn": "zh-hans", "zh-sg": "zh-hans"}
    wanted = same.get(wanted, wanted)
    here = get_language() or settings.LANGUAGE_CODE
    return wanted if wanted in known else here if here in known else settings.LANGUAGE_CODE


@action
def confirm_opt_in(row: OptIn, *, by: Viewer, visitor: str = "") -> Consent:
    """The answer yes, from the page that the mail led to; `visitor` is the address that it came from.

    The second answer changes nothing. Raises Refused where the question is out of date.
    """
    stored = OptIn.objects.select_for_update().filter(pk=row.pk).first()
    if stored is None:
        raise Refused(_("This question is not there any more."))
    if stored.consent_id is not None and (known := Consent.objects.filter(pk=stored.consent_id).first()):
        return known
    if stored.confirmed_at is not None or stored.expires_at <= clock.now():
        raise Refused(_("This link is out of date. Ask for a new one."))
    proof = {
        "text": stored.text,
        "version": stored.version,
        "language": stored.language,
        "form": "double opt-in",
        "mail": stored.address,
        "asked_at": stored.asked_at.isoformat(),
        "confirmed_from": visitor,
    }
    consent = give_consent(
        stored.party, stored.purpose, stored.channel, by=by, source=stored.source or "double opt-in", proof=proof
    )
    point = ContactPoint.objects.filter(party=stored.party_id, kind=ContactPoint.Kind.MAIL, key=stored.address).first()
    if point is not None and point.verified_at is None:
        change(point, verified_at=clock.now())
    change(stored, confirmed_at=clock.now(), consent=consent)
    return consent


# What purposes demand -------------------------------------------------------------------------------------------------


@action
def set_purpose(code: str, texts: Mapping[str, str] | None = None, *, by: Viewer, **values: Any) -> ConsentPurpose:
    """Say what a purpose demands, or add one; it counts at once, for consents given before too.

    `texts` by language: where one differs from what is shown now, it is its new version; an empty one changes nothing.
    """
    require(by, "edit", ConsentPurpose)
    row = _set_purpose(code, values)
    for language, text in (texts or {}).items():
        if text.strip() and text.strip() != purposes.text_of(code, language).text:
            write_text(code, language, text, by=by)
    return row


def _set_purpose(code: str, values: dict[str, Any]) -> ConsentPurpose:
    row = ConsentPurpose.objects.filter(code=code).first()
    if row is not None:
        return change(row, **values)
    known = purposes.every().get(code)
    if known is None and not any((values.get("names") or {}).values()):
        raise Refused(_("Give the purpose a name."), "names")
    names = ("basis", "months", "double_opt_in", "public", "least_age", "quiet_from", "quiet_until")
    ready_made = {name: getattr(known, name) for name in names} if known else {}
    return create(ConsentPurpose, code=code, **{**ready_made, **values})


@action
def write_text(purpose: str, language: str, text: str, *, by: Viewer) -> ConsentText:
    """A new version of the text by which consent is asked for; proofs go on naming the one that was shown."""
    _refuse_unknown(purpose, "any")
    if not text.strip():
        raise Refused(_("Write what people agree to."), "text")
    newest = ConsentText.objects.filter(purpose=purpose, language=language).aggregate(last=Max("version"))["last"] or 0
    if newest and purposes.text_of(purpose, language).text == text.strip():
        return ConsentText.objects.get(purpose=purpose, language=language, version=newest)
    return create(ConsentText, purpose=purpose, language=language, version=newest + 1, text=text.strip())


# What stands against using data ---------------------------------------------------------------------------------------


@action
def restrict(party: Party, kind: str, *, by: Viewer, purpose: str = "", reason: str = "") -> Restriction:
    """Let something stand against using what we know of `party`; the same twice is one."""
    party = locked(party.pk, by)
    if purpose:
        _refuse_unknown(purpose, "any")
    same = Restriction.objects.filter(party=party, kind=kind, purpose=purpose, lifted_at=None).first()
    if same is not None:
        return same
    row = create(Restriction, party=party, kind=kind, purpose=purpose, reason=reason, since=clock.now())
    tell("restriction.set", party, by=by, restriction=kind, purpose=purpose)
    mark_changed(party)
    return row


@action
def lift_restriction(row_id: int, *, by: Viewer) -> Restriction:
    """End a restriction or an objection. Raises Refused for what cannot be ended by hand."""
    row = Restriction.objects.visible_to(by).filter(pk=row_id, lifted_at=None).first()
    if row is None:
        raise Refused(_("This restriction has been lifted already."))
    if row.kind not in (Restriction.Kind.RESTRICT, Restriction.Kind.OBJECT):
        raise Refused(_("This cannot be lifted."))
    party = locked(row.party_id, by)
    lifted = change(row, lifted_at=clock.now())
    tell("restriction.lifted", party, by=by, restriction=row.kind, purpose=row.purpose)
    mark_changed(party)
    return lifted
