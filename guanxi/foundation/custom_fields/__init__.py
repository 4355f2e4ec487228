"""Custom fields: what an administrator adds to a type of record, kept as JSON beside the row.

It knows definitions, kinds, and the desks that take custom fields; it must not know any type of record of a higher
floor by name. How it works: docs/develop/fields.md.
"""
