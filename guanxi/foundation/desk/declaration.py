"""What a package says of a type of object so that the desk can show it.

    @desk.register
    class Customers(desk.Desk):
        model = Party
        slug = "customers"
        columns = ["name", "city", desk.Column("purchases.revenue")]

A name of a field or a dotted path stands for itself wherever a `Column` or `Filter` is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import PurePosixPath
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from guanxi.foundation import hooks, visibility
from guanxi.foundation.desk import paths
from guanxi.foundation.desk.addresses import list_url, record_url
from guanxi.foundation.desk.kinds import Kind, kind_of
from guanxi.foundation.desk.names import worded
from guanxi.foundation.desk.sets import Sets
from guanxi.foundation.desk.shapes import Board, Calendar, Lanes

Row = Any
Viewer = Any
Text = Any  # str or a lazy translation
Choices = Sequence[tuple[Any, Text]]


@dataclass(frozen=True)
class Column:
    """One value of a row: a column of the list, a fact of the record or a field of the “New” form.

    `path` is a field or a dotted path over relations or into a JSON field; with `render`, `kind` or `choices` it may
    be any name. All the rest is derived from the model field unless given.
    """

    path: str
    label: Text = None
    kind: Kind | str | None = None
    link: bool = False  # the cell that opens the record
    many: bool = False  # the path crosses to many rows: all values are shown, no sorting
    sort: bool | None = None  # None: wherever the path allows it
    shown: bool = True  # in the list until somebody chooses columns
    render: Callable[[Row], Any] | None = None  # row -> str (escaped) or SafeString or Pill or list of them
    needs: Sequence[str] = ()  # the paths that `render` reads; empty: all fields of the row itself
    export: Callable[[Row], Any] | None = None  # row -> plain value; default: the value at `path`
    # Looks up the cells of a page at once: rows -> {primary key: what `render` would return}; for what is no relation.
    fetch: Callable[[Sequence[Row]], Mapping[Any, Any]] | None = None
    choices: Choices | Callable[[], Choices] | None = None
    editable: bool | None = None  # facts: None means a field of the model itself that is editable
    required: bool | None = None  # fields of the “New” form
    help: Text = ""
    section: Text = ""  # facts and fields of the “New” form: the heading that they stand under, after those of none
    initial: Any = None
    when: Callable[[Row], bool] | None = None  # facts: shown only for rows where this holds
    condition: Callable[[list[Any]], models.Q] | None = None  # filters: see Filter
    clean: Callable[[str], Any] | None = None  # what was typed -> the value; raises ValidationError
    words: Callable[[Any], str] | None = None  # a stored value -> as pills of filters and the history tell it
    leads: Callable[[Row], str] | None = None  # facts: the address that the value leads to, opened beside it
    suggest: Text = ""  # the address of a data list that helps to type it
    # Which rows have no value, said so that the database need not look through all of them for the few that lack it.
    lacking: Callable[[], models.Q] | None = None


@dataclass(frozen=True)
class Filter:
    """One thing to filter a list by; type, operators and editor come from the model field unless given.

    With `condition` the path may be any name: it makes the condition “has any of these values”, and of no values “has
    any at all”.
    """

    path: str
    label: Text = None
    kind: Kind | str | None = None
    choices: Choices | Callable[[], Choices] | None = None
    condition: Callable[[list[Any]], models.Q] | None = None


@dataclass(frozen=True)
class Question:
    """A filter that is no column and stands only in addresses, such as “behind a figure”: hung on `questions:<slug>`.

    `condition(text)` turns what the address says into a `Q`, `words(text)` into the pill; both raise Refused where it
    cannot be read.
    """

    name: str
    condition: Callable[[str], models.Q]
    words: Callable[[str], str]


@dataclass(frozen=True)
class Menu:
    """Where the list stands in the side bar."""

    section: Any
    icon: str
    order: int = 100
    label: Text = None
    key: str = ""  # the letter that leads there after “g”
    query: dict[str, Any] = field(default_factory=dict)  # which of its rows that line shows: {"f.state": "open"}


@dataclass(frozen=True)
class Pill:
    """A short label with a colour: neutral, accent, info, good, warn, bad."""

    label: Text
    tone: str = "neutral"


@dataclass(frozen=True)
class Button:
    """A button in the header of a list or record."""

    label: Text
    url: str
    icon: str = ""
    primary: bool = False


@dataclass(frozen=True)
class Quick:
    """One thing that can be made from anywhere through the “New” form of a desk: its name and what stands in it."""

    label: Text
    icon: str = ""
    initial: Mapping[str, str] = field(default_factory=dict)
    key: str = ""  # among those of its desk
    keywords: Sequence[Text] = ()


@dataclass(frozen=True)
class Bulk:
    """Something to do with the selected rows. `run(ids, by=viewer)` returns a sentence for the user or a response.

    With a `dialog` (a template) the button asks there first: its fields, called `<key>.<name>` and of the form `bulk`,
    are sent along with the rows, and `run` gets them as `asked`.
    """

    key: str
    label: Text
    run: Callable[..., Any] | None = None
    icon: str = ""
    verb: str = "edit"  # the right it needs
    confirm: Text = ""
    dialog: str = ""
    # In place of `run`, of what can be done with a set of any size: `run_set(chosen, asked)` gets all chosen rows as
    # they were asked for (desk.choosing.Chosen).
    run_set: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Panel:
    """A part of a record page: `template` rendered with `context(record, viewer)`, plus `record`, `viewer`, `desk`.

    It stands on the pages of records of which `when` holds and that have any of `rows`. Whether they have is asked for
    all panels at once (`desk.panels`). One that stands `always` is told of it instead: `context(record, viewer, some)`.
    """

    zone: str  # left, middle, right; head: across all three; main: what it is about, on telephones the first
    title: Text
    template: str
    context: Callable[..., dict[str, Any]] | None = None
    order: int = 100
    lazy: bool = False  # loaded after the page
    bare: bool = False  # the template brings its own card(s)
    key: str = ""  # in the address of a lazy panel; default: the stem of the template's name
    when: Callable[[Row, Viewer], bool] | None = None
    rows: Callable[[Row, Viewer], models.QuerySet[Any]] | None = None
    always: bool = False

    @property
    def name(self) -> str:
        return self.key or PurePosixPath(self.template).stem.strip("_")


def _open(method: Callable[[Any], list[Field]]) -> Callable[[Any], list[Field]]:
    """Let a list of fields be without those that are hidden from who looks (the “New” form: that he cannot write)."""

    @functools.wraps(method)
    def listed(self: Any) -> list[Field]:
        viewer = visibility.viewer_now()
        fields = method(self)
        if viewer is None or visibility.sees_every_field(viewer):  # the usual case, asked many times a page
            return fields
        hidden = is_closed if method.__name__ == "new_fields" else is_hidden
        return [field for field in fields if not hidden(field, self.model, viewer)]

    return listed


OPENED = ("all_columns", "all_filters", "all_facts", "new_fields")


class Desk:
    """The declaration of one type of object. See docs/develop/desk.md."""

    model: ClassVar[type[models.Model]]
    slug: ClassVar[str]
    label: ClassVar[Text] = None  # plural; default: the model's
    noun: ClassVar[Text] = None  # singular; default: the model's
    icon: ClassVar[str] = ""
    menu: ClassVar[Menu | None] = None
    empty_words: ClassVar[Text] = ""  # what to do while there is nothing at all

    columns: ClassVar[Sequence[Column | str]] = ()
    default_sort: ClassVar[str] = ""  # a path of a column, with "-" for descending; default: newest first
    filters: ClassVar[Sequence[Filter | str]] = ()
    search_type: ClassVar[str] = ""  # the type in foundation.search that the query box asks
    search_fields: ClassVar[Sequence[str]] = ()  # without a search_type: text fields that the box looks into

    facts: ClassVar[Sequence[Column | str]] = ()
    edit: ClassVar[Callable[..., Any] | None] = None  # (row_id, changes, expected, by=viewer)
    in_sets: ClassVar[Sets | None] = None  # how many rows are written at once; without it each goes through `edit`
    remove: ClassVar[Callable[..., Any] | None] = None  # (row_id, by=viewer): delete one row; see docs/develop/bulk.md
    new: ClassVar[Sequence[Column | str]] = ()
    create: ClassVar[Callable[..., Any] | None] = None  # (**values of `new`, by=viewer) -> row
    quick: ClassVar[Sequence[Quick]] = ()  # what can be made from anywhere; default: the noun, where there is `create`
    new_view: ClassVar[Callable[..., Any] | None] = None  # (request, desk) -> response: a “New” form of its own
    importable: ClassVar[str] = ""  # the unique field by which rows that come in know a record again; empty: none do
    history: ClassVar[bool] = True
    lanes: ClassVar[Sequence[Lanes]] = ()  # what boards and groups are parted by beside fields of few values
    board: ClassVar[Board | None] = None
    calendar: ClassVar[Calendar | None] = None
    general: ClassVar[bool] = True  # takes what hangs on the doors of every desk: `panel:*`, `columns:*` ...
    next_action: ClassVar[bool] = False  # whether each record has one thing to do next (guanxi.foundation.todos)
    custom: ClassVar[str] = ""  # the JSON column for custom fields; empty: the type takes none
    custom_by_edit: ClassVar[bool] = False  # whether `edit` and `create` take custom fields themselves

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in OPENED:  # what a declaration adds by overriding is looked through like the rest
            if name in cls.__dict__:
                setattr(cls, name, _open(cls.__dict__[name]))

    # What a declaration may override.

    def rows(self, viewer: Viewer) -> models.QuerySet[Any]:
        """All rows that the list is about, as `viewer` may see them."""
        return self.model._default_manager.visible_to(viewer)  # type: ignore[attr-defined, no-any-return]

    def whole(self, viewer: Viewer) -> models.QuerySet[Any]:
        """The same rows for their own pages: with the one record each that packages keep of them, whose names hang on
        `beside:<slug>`."""
        names = hooks.get(f"beside:{self.slug}")
        return self.rows(viewer).select_related(*names) if names else self.rows(viewer)

    def named(self, viewer: Viewer) -> models.QuerySet[Any]:
        """The same rows where they are only named, by `title` and `url`: with no more than these need."""
        return self.rows(viewer)

    def title(self, row: Row) -> Text:
        return str(row)

    def subtitle(self, row: Row) -> Text:
        return ""

    def pills(self, row: Row) -> Sequence[Pill]:
        return ()

    def buttons(self, row: Row, viewer: Viewer) -> Sequence[Button]:
        """Buttons in the header of the record."""
        return ()

    def moved_to(self, pk: int) -> int | None:
        """The record that the one with this number became part of, where it is not among `rows` any more."""
        return None

    def url(self, row: Row) -> str:
        """The record page of `row`."""
        return record_url(self.slug, row.pk)

    # What the desk reads. Functions given as class attributes are taken from the class, so that they are not bound.

    @property
    def edit_action(self) -> Callable[..., Any] | None:
        return self._with_custom("custom_edit", type(self).edit)

    @property
    def remove_action(self) -> Callable[..., Any] | None:
        return type(self).remove

    @property
    def create_action(self) -> Callable[..., Any] | None:
        return type(self).create and self._with_custom("custom_create", type(self).create)

    @property
    def own_new_view(self) -> Callable[..., Any] | None:
        return type(self).new_view

    @property
    def shown_board(self) -> Board | None:
        """What the board shows at first: what hangs on `board:<slug>`, else the desk's own."""
        hung: list[Board] = hooks.get(f"board:{self.slug}")
        return hung[-1] if hung else self.board

    def all_lanes(self) -> Sequence[Lanes]:
        """What boards and groups are parted by beside fields of few values; overridden where records say so."""
        return self.lanes

    @property
    def quicks(self) -> list[Quick]:
        """What can be made from anywhere, the first by default."""
        if self.create_action is None and self.own_new_view is None:
            return []
        return list(self.quick) or [Quick(self.singular, self.icon_name)]

    @property
    def icon_name(self) -> str:
        return self.icon or (self.menu.icon if self.menu else "inbox")

    @cached_property
    def plural(self) -> Text:
        return self.label or capfirst(self.model._meta.verbose_name_plural)

    @cached_property
    def singular(self) -> Text:
        return self.noun or self.model._meta.verbose_name

    @cached_property
    def _own(self) -> dict[str, list[Field]]:
        """What the declaration itself names; what is hung on it may differ from one moment to the next."""
        names = ("columns", "filters", "facts", "new")
        return {name: [as_field(self.model, item) for item in getattr(self, name)] for name in names}

    @_open
    def all_columns(self) -> list[Field]:
        """The columns, with those that higher floors add through `columns:<slug>`."""
        return _unique(self._own["columns"] + [as_field(self.model, column) for column in self._hung("columns")])

    @_open
    def all_filters(self) -> list[Field]:
        """The filters, with those of the columns and filters that higher floors add."""
        hung = [as_field(self.model, item) for item in self._hung("columns", "filters")]
        return _unique(self._own["filters"] + [field for field in hung if field.path or field.column.condition])

    @_open
    def all_facts(self) -> list[Field]:
        """The facts of the record's left zone, with those hung on `facts:<slug>`."""
        return _unique(self._own["facts"] + [as_field(self.model, fact) for fact in self._hung("facts")])

    def fact(self, name: str) -> Column | None:
        """What is declared of one fact; without working out all the others."""
        facts = [*self.facts, *self._hung("facts")]
        declared = {one.path if isinstance(one, Column) else one: one for one in facts}  # of two the later, as above
        found = declared.get(name)
        return found if isinstance(found, Column) else None

    @_open
    def new_fields(self) -> list[Field]:
        """The fields of the “New” form, with those hung on `new:<slug>`."""
        return _unique(self._own["new"] + [as_field(self.model, item) for item in self._hung("new")])

    def panels(self) -> list[Panel]:
        """The panels hung on `panel:<slug>` and on `panel:*`, in order."""
        return sorted(self._hung("panel"), key=lambda panel: panel.order)

    def bulk_actions(self) -> list[Bulk]:
        """What hangs on `bulk:<slug>` and on `bulk:*`, after what every desk has (`bulk_bar`)."""
        return [*(one for door in hooks.get("bulk_bar") for one in door(self)), *self._hung("bulk")]

    def _with_custom(self, door: str, own: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """An action that takes custom fields too, where the declaration's own does not."""
        wrappers = hooks.get(door) if self.custom and not self.custom_by_edit else []
        return partial(wrappers[0], self, own) if wrappers else own

    def _hung(self, *doors: str) -> list[Any]:
        hung: list[Any] = []
        for door in doors:
            everywhere = hooks.get(f"{door}:*") if self.general else []
            custom = hooks.get(f"{door}:custom") if self.custom else []
            for value in [*hooks.get(f"{door}:{self.slug}"), *everywhere, *custom]:
                value = value(self) if callable(value) else value
                hung.extend(value if isinstance(value, list | tuple) else [value])
        return hung


@dataclass(frozen=True)
class Field:
    """A column, fact or filter joined with what the model knows of it."""

    column: Column
    path: paths.Path | None
    kind: Kind

    @property
    def name(self) -> str:
        return self.column.path

    @property
    def label(self) -> Text:
        if self.column.label:
            return self.column.label
        if self.path is None:
            return worded(self.name)
        if self.path.keys:
            return worded(self.path.keys[-1])
        if self.path.field.primary_key and self.path.relations:
            link = self.path.relations[-1]
            return worded(getattr(link, "verbose_name", "") or link.related_model._meta.verbose_name_plural)
        return worded(self.path.field.verbose_name)

    @property
    def many(self) -> bool:
        return self.column.many or bool(self.path and self.path.many)

    @property
    def sortable(self) -> bool:
        possible = bool(
            self.path
            and not self.many
            and (not self.path.keys or self.path.leaf is not None)
            and self.kind not in (Kind.DATA, Kind.REFERENCE, Kind.LONG_TEXT)
        )
        return possible if self.column.sort is None else self.column.sort and possible

    @property
    def choices(self) -> list[tuple[Any, Text]]:
        given = self.column.choices
        if given is not None:
            return list(given() if callable(given) else given)
        return list(self.path.field.flatchoices) if self.path and not self.path.keys and self.path.field.choices else []

    def value(self, row: Row) -> Any:
        """The value of `row`, as stored."""
        return self.path.value(row) if self.path else None


def is_hidden(field: Field, model: type[models.Model], viewer: Viewer) -> bool:
    """Whether a field shows, or is rendered from, anything that is hidden from `viewer`."""
    return _touches(field, model, lambda of: visibility.hidden_fields(viewer, of))


def is_closed(field: Field, model: type[models.Model], viewer: Viewer) -> bool:
    """Whether `viewer` cannot write a field."""
    return _touches(field, model, lambda of: visibility.read_only_fields(viewer, of))


def _touches(field: Field, model: type[models.Model], names_of: Callable[[type[models.Model]], frozenset[str]]) -> bool:
    needed = [as_field(model, name).path for name in field.column.needs]
    for path in [field.path, *needed]:
        if path is not None:
            names = names_of(path.field.model)
            if names and (path.field.name in names or ".".join([path.field.name, *path.keys]) in names):
                return True
    return False


def as_field(model: type[models.Model], item: Column | Filter | str) -> Field:
    """`item` with its path resolved; raises ImproperlyConfigured where a path leads nowhere."""
    column = item if isinstance(item, Column) else Column(item) if isinstance(item, str) else _as_column(item)
    free = bool(
        column.render or column.export or column.fetch or column.condition or column.kind or column.choices is not None
    )
    try:
        path = paths.resolve(model, column.path)
    except ImproperlyConfigured:
        if not free:
            raise
        path = None
    if column.kind:
        kind = Kind(column.kind)
    elif column.choices is not None:
        kind = Kind.CHOICE
    elif path is None or path.keys:
        kind = Kind.TEXT
    elif path.field.primary_key and path.relations:
        kind = Kind.REFERENCE
    else:
        kind = kind_of(path.field)
    return Field(column, path, kind)


def _as_column(item: Filter) -> Column:
    return Column(item.path, label=item.label, kind=item.kind, choices=item.choices, condition=item.condition)


def _unique(fields: list[Field]) -> list[Field]:
    return list({field.name: field for field in fields}.values())


D = TypeVar("D", bound=type[Desk])


def register(cls: D) -> D:
    """Hang a declaration on the door `desk`: list, record, export and menu entry are there from then on."""
    if any(type(known).slug == cls.slug for known in hooks.get("desk")):
        raise ImproperlyConfigured(f"Two desks are called “{cls.slug}”.")
    desk = cls()
    hooks.register("desk", desk)
    if cls.menu is not None:
        _hang_menu(cls, cls.menu)
    _hang_commands(desk)
    return cls


def _hang_menu(cls: type[Desk], menu: Menu) -> None:
    from guanxi.foundation import shell

    desk = find(cls.slug)
    assert desk is not None
    url = lazy(list_url, str)(cls.slug, menu.query)
    label = menu.label or desk.plural
    needs = ("view", desk.model)
    entry = shell.MenuEntry(menu.section, label, url, menu.icon, menu.order, key=menu.key, needs=needs)
    hooks.register("menu", entry, order=menu.order)


def _hang_commands(desk: Desk) -> None:
    """Let the palette open the dialogue with each thing that can be made from anywhere."""
    from guanxi.foundation import shell

    for quick in desk.quicks:
        label = lazy(lambda noun=quick.label: _("New %(noun)s") % {"noun": noun}, str)()
        key = f"{desk.slug}-{quick.key}".rstrip("-")
        query = urlencode(quick.initial)
        url = lazy(lambda query=query: reverse("desk:new", args=[desk.slug]) + (f"?{query}" if query else ""), str)()
        command = shell.Command(
            label, url, quick.icon or desk.icon_name, quick.keywords, key, needs=("create", desk.model)
        )
        hooks.register("palette", command, order=50)


def registered() -> list[Desk]:
    """All desks."""
    return hooks.get("desk")


def find(slug: str) -> Desk | None:
    """The desk called `slug`."""
    return next((desk for desk in hooks.get("desk") if desk.slug == slug), None)


def find_for(model_label: str) -> Desk | None:
    """The first desk of a model, by its label in small letters (`customers.party`)."""
    return next(
        (desk for desk in hooks.get("desk") if desk.model._meta.label_lower == model_label),
        None,
    )
