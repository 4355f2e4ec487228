"""The audit log made fast: entries are only ever added, and sealed into a chain, so that tampering shows.

It knows how entries are kept (`foundation.models.AuditEntry`), not what they are about.
"""
