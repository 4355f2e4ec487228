"""Backups: one file that holds database, lake, files and small settings, and the way back from it.

The file is a tar, compressed with Zstandard, encrypted with age where a key is given: each of the three can be opened
with the usual programs (docs/decisions/0022-backups.md). `manifest.json` is its last member and names every part with
its size and SHA-256.
"""
