"""Selling: leads, deals, and what is built on them; its packages are apps of their own (docs/decisions/0026)."""
