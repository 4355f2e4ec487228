"""Static files: hashed names and gzip, whatever other packages are installed."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Brotli would come along with weasyprint and take eight times as long for little gain; gzip is enough."""

    manifest_strict = False

    def create_compressor(self, **kwargs):  # type: ignore[no-untyped-def]
        return super().create_compressor(**{**kwargs, "use_brotli": False})
