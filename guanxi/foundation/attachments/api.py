"""Files for programs."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from guanxi.foundation import belonging
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, Limit, Moment, Number, ObjectType, Page
from guanxi.foundation.attachments import actions, views
from guanxi.foundation.attachments.models import Attachment

router = Router(tags=["Files"])


class FileOut(Schema):
    id: int
    object_type: str
    object_id: int
    name: str
    media_type: str
    size: int = Field(alias="content.size")
    sha256: str = Field(alias="content_id")
    created_at: Moment
    url: str = Field(description="Where the content is.")

    @staticmethod
    def resolve_url(row: Attachment) -> str:
        return f"/api/v1/attachments/{row.pk}/content"


class FileFilter(Schema):
    """Of which record."""

    object_type: ObjectType
    object_id: Number
    cursor: Cursor | None = None
    limit: Limit = 50


class Whereto(Schema):
    """The record that the file is to hang on."""

    object_type: ObjectType
    object_id: Number


@router.get("", response=Page[FileOut], summary="List files", operation_id="list_files")
def list_files(request: HttpRequest, asked: Query[FileFilter]) -> dict[str, Any]:
    """The files of one record, in the order in which they were attached."""
    record = belonging.find_record(asked.object_type, asked.object_id, request.user)
    rows = Attachment.objects.of(record).select_related("content")
    items, following = keyset.page(rows, ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: FileOut}, summary="Attach a file", operation_id="attach_file")
def attach_file(request: HttpRequest, where: Form[Whereto], file: File[UploadedFile]) -> Status[Attachment]:
    """As `multipart/form-data`. The same content under the same name is attached once."""
    record = belonging.find_record(where.object_type, where.object_id, request.user)
    return Status(201, actions.attach(record, file.name or "", file, by=request.user))


@router.get("/{number}", response=FileOut, summary="Get a file", operation_id="get_file")
def get_file(request: HttpRequest, number: Number) -> Attachment:
    """What is known of a file."""
    return Attachment.objects.visible_to(request.user).select_related("content").get(pk=number)


@router.get(
    "/{number}/content",
    summary="Download a file",
    operation_id="download_file",
    openapi_extra={
        "responses": {200: {"description": "The content", "content": {"*/*": {"schema": {"format": "binary"}}}}}
    },
)
def download_file(request: HttpRequest, number: Number) -> FileResponse:
    """The content, byte by byte."""
    get_file(request, number)
    return views.download(request, number)  # type: ignore[return-value]


@router.delete("/{number}", response={204: None}, summary="Remove a file", operation_id="remove_file")
def remove_file(request: HttpRequest, number: Number) -> Status[None]:
    """Take it away, and its content where nothing else has it."""
    actions.remove(number, by=request.user)
    return Status(204, None)
