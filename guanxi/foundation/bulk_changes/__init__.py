"""Changes of many records at once: edited, assigned, tagged or deleted together, told in one place, and undone.

It knows the desk and how sets are written; it must not know any type of object of a higher floor by name. A desk says
with `Desk.in_sets` how many of its rows are written at once; without it they go through `Desk.edit`, one by one.
How it works: docs/develop/bulk.md.
"""
