"""Keeping the house running: backups and restores, what people and machines see of its state, load.

It stands above everything that is kept (database, lake, files) and below the command line; it knows nothing of what
the kept data mean.
"""
