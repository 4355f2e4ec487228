"""Customers for programs: parties, contact points, consents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal, get_args

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from guanxi.customers import actions, queries
from guanxi.customers.actions.consents import CHANNELS
from guanxi.customers.merged import root_of
from guanxi.customers.models import Consent, ContactPoint, Party, PartyRole
from guanxi.foundation import sensitive
from guanxi.foundation.actions import Refused
from guanxi.foundation.api import additions, keyset, preferring
from guanxi.foundation.api.types import Cursor, Day, ExternalId, Limit, Moment, Number, Page, SourceCode
from guanxi.foundation.custom_fields import api as custom_api
from guanxi.foundation.custom_fields.api import Custom, WithCustom
from guanxi.foundation.models import User
from guanxi.foundation.records.asking import narrowed
from guanxi.foundation.visibility import Viewer

router = Router(tags=["Parties"])

Kind = Literal["person", "organisation"]
Role = Literal["prospect", "customer", "partner", "supplier", "competitor"]
ContactKind = Literal["mail", "phone", "address", "social", "card", "device", "external"]
Gender = Literal["", "female", "male", "other"]
Purpose = Literal["marketing", "service", "research", "profiling"]
Basis = Literal["consent", "contract", "legitimate_interest", "legal_duty"]
ConsentChannel = Literal["mail", "phone", "sms", "post", "chat", "app", "any"]
Text = Annotated[str, Field(max_length=200)]
ProfileValue = str | int | float | bool | None
assert set(get_args(ConsentChannel)) == set(CHANNELS)


class AddressParts(Schema):
    """An address as its country writes it; which parts are needed depends on the country."""

    country: Annotated[str, Field(pattern="^[A-Za-z]{2}$", description="ISO 3166, two letters.")]
    country_area: Text | None = Field(None, description="State, province or county.")
    city: Text | None = None
    city_area: Text | None = Field(None, description="District or suburb.")
    postal_code: Text | None = None
    sorting_code: Text | None = None
    street_address: Text | None = Field(None, description="Street and number; lines with line breaks between.")


class ContactPointIn(Schema):
    """A way to reach or recognise a party."""

    kind: ContactKind
    value: Annotated[str, Field(max_length=300, description="As given; the key is worked out from it.")] = ""
    parts: AddressParts | None = Field(None, description="An address in parts; `value` is then made of them.")
    label: Annotated[str, Field(max_length=50)] = ""
    preferred: bool = False


class ContactPointOut(Schema):
    id: int
    kind: str
    value: str
    key: str = Field(description="The normalised value by which a touch is recognised: E.164, lower-cased mail …")
    label: str
    preferred: bool
    verified_at: Moment | None
    parts: dict[str, str] | None = Field(None, description="An address in parts, where it was given so.")


class ContactPointAdded(ContactPointOut):
    shared_with: list[int] = Field(description="Numbers of other parties that have the same one.")


class ContactPointChange(Schema):
    value: Annotated[str, Field(max_length=300)] | None = None
    parts: AddressParts | None = None
    label: Annotated[str, Field(max_length=50)] | None = None
    preferred: bool | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; refused where they changed.")


class PartyFacts(Schema):
    """What may be said of a party."""

    kind: Kind | None = None
    name: Text | None = None
    latin_name: Text | None = None
    family_name: Annotated[str, Field(max_length=100)] | None = None
    given_name: Annotated[str, Field(max_length=100)] | None = None
    gender: Gender | None = None
    date_of_birth: Day | None = None
    occupation: Annotated[str, Field(max_length=100)] | None = None
    language: Annotated[str, Field(max_length=10)] | None = None
    city: Annotated[str, Field(max_length=100)] | None = None
    country: Annotated[str, Field(max_length=2, description="ISO 3166, two letters.")] | None = None
    profile: dict[str, ProfileValue] | None = Field(None, description="Declared profile fields, such as `age`.")
    custom: Custom | None = None
    roles: list[Role] | None = None
    owner: Number | None = Field(None, description="The number of the user whose customer it is.")


class PartyIn(PartyFacts):
    """A new party. Without `name` it is put together from `family_name` and `given_name`."""

    contact_points: Annotated[list[ContactPointIn], Field(max_length=50)] = []


class PartyChange(PartyFacts):
    """What is to change; leave out the rest. What is said here wins over every import."""

    expected: dict[str, Any] | None = Field(
        None, description="The values that you saw, profile fields as `profile.age`; 409 with both values otherwise."
    )


class PartyOut(additions.Extended, WithCustom):
    """A party; higher floors add what they know of it."""

    door: ClassVar[str] = "answer:parties"

    id: int
    kind: str
    name: str
    latin_name: str
    family_name: str
    given_name: str
    gender: str
    date_of_birth: Day | None
    occupation: str
    language: str
    city: str
    country: str
    profile: dict[str, Any]
    roles: list[str]
    contact_points: list[ContactPointOut]
    owner: int | None = Field(alias="owner_id")
    made_up: bool
    created_at: Moment
    changed_at: Moment

    @staticmethod
    def resolve_roles(party: Party) -> list[str]:
        return sorted(role.role for role in party.roles.all())

    @staticmethod
    def resolve_contact_points(party: Party) -> list[ContactPoint]:
        return sorted(party.contact_points.all(), key=lambda point: point.pk)


class ConsentIn(Schema):
    purpose: Purpose
    channel: ConsentChannel
    given: bool = Field(description="false: withdrawn")
    basis: Basis = "consent"
    source: Annotated[str, Field(max_length=100)] = ""
    proof: dict[str, Any] = {}
    at: Moment | None = None


class ConsentOut(Schema):
    id: int
    purpose: str
    channel: str
    given: bool
    basis: str
    source: str
    proof: dict[str, Any]
    at: Moment


class SensitiveAsked(Schema):
    """Which sensitive fields are to be shown."""

    sensitive: Annotated[str, Field(max_length=300, description="Names such as `profile.income`, by commas.")] = ""


class PartyFilter(Schema):
    """How a list of parties is narrowed."""

    updated_since: Moment | None = Field(None, description="Changed at or after; then in order of change.")
    kind: Kind | None = None
    role: Role | None = None
    q: Annotated[str, Field(max_length=200, description="Words: the best matches, at most `limit`, no `next`.")] = ""
    mail: Annotated[str, Field(max_length=300)] | None = None
    phone: Annotated[str, Field(max_length=300)] | None = None
    card: Annotated[str, Field(max_length=300)] | None = None
    external: Annotated[str, Field(max_length=300, description="“source:number”")] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def keys(self) -> list[tuple[str, str]]:
        """The keys asked for."""
        asked = {"mail": self.mail, "phone": self.phone, "card": self.card, "external": self.external}
        return [(kind, value) for kind, value in asked.items() if value]


def _with_all(rows: QuerySet[Party]) -> QuerySet[Party]:
    return rows.prefetch_related("roles", "contact_points")


def one(request: HttpRequest, number: int, asked: str = "") -> Party:
    """The party of that number, with roles, contact points and additions, and of sensitive fields those asked for.

    Raises Party.DoesNotExist.
    """
    return _answer(request, root_of(number), asked)


def _answer(request: HttpRequest, number: int, asked: str = "") -> Party:
    """As `one`, of a party that was never merged."""
    party = _with_all(queries.parties(request.user)).get(pk=number)
    additions.attach(PartyOut, [party], request.user)
    return _veiled([party], request, asked)[0]


def _veiled(parties: list[Party], request: HttpRequest, asked: str = "") -> list[Party]:
    """The parties, for an answer, without sensitive fields but for those asked for, of which each look is recorded."""
    wanted = {name.strip() for name in asked.split(",")}
    for name in sensitive.names(Party):
        for party in parties:
            if name in wanted:
                sensitive.note(name, sensitive.API, party, by=request.user)
            elif name.startswith("profile."):
                party.profile = {key: value for key, value in party.profile.items() if f"profile.{key}" != name}
            elif "." in name:  # worked-out fields, which `custom` leaves out by itself
                continue
            else:
                setattr(party, name, None if Party._meta.get_field(name).null else "")
    return parties


@router.get("", response=Page[PartyOut], summary="List parties", operation_id="list_parties")
def list_parties(request: HttpRequest, asked: Query[PartyFilter]) -> dict[str, Any]:
    """By number; with `updated_since` by time of change, so that a program can follow what changed."""
    rows = narrowed(request, "customers", _with_all(queries.parties(request.user)))
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.role:
        rows = rows.filter(pk__in=PartyRole.objects.filter(role=asked.role).values("party"))
    if asked.keys():
        rows = rows.filter(pk__in=[party.pk for party in queries.recognise(asked.keys(), request.user, limit=200)])
    if asked.q.strip():
        found = queries.find(asked.q, request.user, limit=asked.limit)
        kept = {party.pk: party for party in rows.filter(pk__in=[party.pk for party in found])}
        additions.attach(PartyOut, kept.values(), request.user)
        shown = [kept[party.pk] for party in found if party.pk in kept]
        return {"items": _veiled(shown, request), "next": None}
    order = ["id"]
    if asked.updated_since:
        rows, order = rows.filter(changed_at__gte=asked.updated_since), ["changed_at", "id"]
    items, following = keyset.page(rows, order, asked.cursor, asked.limit)
    additions.attach(PartyOut, items, request.user)
    return {"items": _veiled(list(items), request), "next": following}


@router.post("", response={201: PartyOut}, summary="Create a party", operation_id="create_party")
def create_party(request: HttpRequest, body: PartyIn) -> Status[Party]:
    """With its contact points, all or nothing. It is not looked for first: do that with the filters of the list."""
    values = body.model_dump(exclude_unset=True, exclude={"contact_points", "custom"})
    values = _owned({name: value for name, value in values.items() if value is not None})
    if body.custom:
        values["profile"] = {**values.get("profile", {}), **custom_api.said(Party._meta.label_lower, body.custom)}
    with transaction.atomic():
        party = actions.create_party(by=request.user, **values)
        for position, point in enumerate(body.contact_points):
            try:
                actions.add_contact_point(party, by=request.user, **point.model_dump())
            except Refused as refusal:
                raise Refused(refusal.message, f"contact_points.{position}.{refusal.field}") from refusal
    return Status(201, one(request, party.pk))


@router.put(
    "/by/{source}/{external_id}",
    response={200: PartyOut, 201: PartyOut, 204: None},
    summary="Say what holds of a party, by the number of another system",
    operation_id="put_party",
)
def put_party(request: HttpRequest, source: SourceCode, external_id: ExternalId, body: PartyIn) -> Any:
    """Made where it is new (201), else changed: what is not said stays, contact points that it lacks are added. Sent
    again, nothing changes."""
    values = body.model_dump(exclude_unset=True, exclude={"contact_points", "custom"})
    if body.custom:
        values["profile"] = {**(values.get("profile") or {}), **custom_api.said(Party._meta.label_lower, body.custom)}
    values = _owned(values)
    points = [point.model_dump() for point in body.contact_points]
    party, new = actions.put_party(source, external_id, values, points, by=request.user)
    return preferring.told(request, party.pk, new, lambda: _answer(request, party.pk))


@router.get("/{number}", response=PartyOut, summary="Get a party", operation_id="get_party")
def get_party(request: HttpRequest, number: Number, asked: Query[SensitiveAsked]) -> Party:
    """One party, with roles, profile and contact points. Of sensitive fields only those asked for; that is recorded."""
    return one(request, number, asked.sensitive)


@router.patch("/{number}", response=PartyOut, summary="Change a party", operation_id="change_party")
def change_party(request: HttpRequest, number: Number, body: PartyChange) -> Party:
    """Only what is sent changes. With `expected`, 409 and both values where somebody else was quicker."""
    values = body.model_dump(exclude_unset=True, exclude={"expected", "roles", "profile", "custom"})
    changes = _owned({name: _emptied(name, value) for name, value in values.items()})
    custom = custom_api.said(Party._meta.label_lower, body.custom or {})
    changes |= {f"profile.{name}": value for name, value in {**(body.profile or {}), **custom}.items()}
    with transaction.atomic():
        party = actions.edit_party(number, changes, body.expected, by=request.user)
        if body.roles is not None:
            actions.set_roles(party, body.roles, by=request.user)
    return one(request, number)


def _emptied(name: str, value: Any) -> Any:
    return "" if value is None and name not in ("date_of_birth", "owner") else value


def _owned(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the owner himself in place of his number. Raises Refused where there is no such colleague."""
    number = values.get("owner")
    if number is None:
        return values
    owner = User.objects.filter(pk=number, is_active=True, is_staff=True).first()
    if owner is None:
        raise Refused(_("There is no colleague %(number)s.") % {"number": number}, "owner")
    return {**values, "owner": owner}


@router.get(
    "/{number}/contact-points",
    response=list[ContactPointOut],
    summary="List contact points",
    operation_id="list_contact_points",
)
def list_contact_points(request: HttpRequest, number: Number) -> list[ContactPoint]:
    """All ways to reach and recognise a party."""
    return sorted(one(request, number).contact_points.all(), key=lambda point: point.pk)


@router.post(
    "/{number}/contact-points",
    response={201: ContactPointAdded},
    summary="Add a contact point",
    operation_id="add_contact_point",
)
def add_contact_point(request: HttpRequest, number: Number, body: ContactPointIn) -> Status[dict[str, Any]]:
    """The same one on another party is allowed and reported in `shared_with`."""
    added = actions.add_contact_point(one(request, number), by=request.user, **body.model_dump())
    return Status(201, _added(added))


@router.patch(
    "/{number}/contact-points/{point}",
    response=ContactPointAdded,
    summary="Change a contact point",
    operation_id="change_contact_point",
)
def change_contact_point(
    request: HttpRequest, number: Number, point: Number, body: ContactPointChange
) -> dict[str, Any]:
    """Value, label or whether it is preferred. A new value is no longer verified."""
    ContactPoint.objects.visible_to(request.user).get(pk=point, party=root_of(number))
    values = body.model_dump(exclude_unset=True, exclude={"expected"})
    changes = {name: value for name, value in values.items() if value is not None}
    return _added(actions.change_contact_point(point, changes, body.expected, by=request.user))


@router.delete(
    "/{number}/contact-points/{point}",
    response={204: None},
    summary="Remove a contact point",
    operation_id="remove_contact_point",
)
def remove_contact_point(request: HttpRequest, number: Number, point: Number) -> Status[None]:
    """Take it away from the party."""
    ContactPoint.objects.visible_to(request.user).get(pk=point, party=root_of(number))
    actions.remove_contact_point(point, by=request.user)
    return Status(204, None)


def _added(added: actions.Added) -> dict[str, Any]:
    point = added.contact_point
    names = ("kind", "value", "key", "label", "preferred", "verified_at", "parts")
    return {
        "id": point.pk,
        **{name: getattr(point, name) for name in names},
        "shared_with": [party.pk for party in added.shared_with],
    }


@router.get("/{number}/consents", response=list[ConsentOut], summary="What counts now", operation_id="list_consents")
def list_consents(request: HttpRequest, number: Number) -> list[Consent]:
    """The newest word on each purpose and channel."""
    return queries.consent_state(one(request, number), request.user)


@router.post("/{number}/consents", response={201: ConsentOut}, summary="Note a consent", operation_id="record_consent")
def record_consent(request: HttpRequest, number: Number, body: ConsentIn) -> Status[Consent]:
    """Given or withdrawn. Nothing is overwritten; the newest counts."""
    row = actions.record_consent(one(request, number), by=request.user, **body.model_dump())
    return Status(201, row)


# What may be told beside customers of /records/customers --------------------------------------------------------------


def contact_points_of(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """The ways to reach each of these."""
    found: dict[int, Any] = {number: [] for number in ids}
    for point in ContactPoint.objects.visible_to(viewer).filter(party__in=list(ids)).order_by("id"):
        found[point.party_id].append(ContactPointOut.model_validate(point).model_dump(mode="json"))
    return found


def roles_of(ids: Collection[int], viewer: Viewer) -> dict[int, Any]:
    """What each of these is to us."""
    found: dict[int, Any] = {number: [] for number in ids}
    for party, role in PartyRole.objects.filter(party__in=list(ids)).order_by("role").values_list("party", "role"):
        found[party].append(role)
    return found
