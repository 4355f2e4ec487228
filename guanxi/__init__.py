"""Guanxi (關係): a customer relationship system that learns.

One package per floor of the house; a package imports only from floors below it (docs/develop/architecture.md).
"""

__version__ = "0.1.0"
