"""Uploads of files for records: no more is taken in than may be kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

PATHS = ("/attachments/", "/api/v1/attachments", "/mail/")
SKIPPED = "too_large_files"


class Limited(FileUploadHandler):
    """Stops reading a file into store once it is larger than allowed; its name is kept in `request.too_large_files`."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if self.request is not None and self.request.path.startswith(PATHS):
            self.taken += len(raw_data)
            if self.taken > settings.GUANXI_FILE_LIMIT:
                skipped = getattr(self.request, SKIPPED, [])
                setattr(self.request, SKIPPED, [*skipped, self.file_name])
                raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
