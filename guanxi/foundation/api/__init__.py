"""What every program's door shares: the API object, log-in by token, errors, pages, idempotency.

It knows no type of object; packages register their routers through the door "api" (docs/develop/api.md).
"""
