"""Static files: hashed names and gzip, whatever other packages are installed."""

from __future__ import annotations

from collections.abc import Callable
from re import Match
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Brotli would come along with weasyprint and take eight times as long for little gain; gzip is enough."""

    manifest_strict = False

    def create_compressor(self, **kwargs: Any) -> Any:
        return super().create_compressor(**{**kwargs, "use_brotli": False})

    def url_converter(self, name: str, *args: Any, **kwargs: Any) -> Callable[[Match[str]], str]:
        """As Django's, but packages of others may name pictures and source maps that they do not bring along."""
        convert: Callable[[Match[str]], str] = super().url_converter(name, *args, **kwargs)

        def leave_dangling(match: Match[str]) -> str:
            try:
                return convert(match)
            except ValueError:
                if name.startswith("vendor/") or match["url"].strip().endswith(".map"):
                    return match["matched"]
                raise

        return leave_dangling
