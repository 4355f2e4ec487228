"""The analytical store: Delta tables of facts and dimensions, the measures declared over them, and the reports.

It reads the operational tables by ledger cursor and must not be written to by anything but its own refresh.
"""
