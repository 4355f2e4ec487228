"""A made-up year of selling to organisations: a part of the sample data, drawn by a documented process.

No figure that comes of it says anything about Guanxi or the world; see docs/develop/sample.md.
"""
