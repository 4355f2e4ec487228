"""Every registered type of record for programs, from the desk's own declaration: list, get, create, change, remove.

A type needs no `api.py` for that. Names of fields, filters and orders are those of the list's address, so that an
address of the screen becomes a call by putting `/api/v1/records` before it.
"""
