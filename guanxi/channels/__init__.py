"""How the business and its parties talk: calls, meetings, visits; the calendar; later mail and more.

Each sub-package is an app of its own. None of them knows why people talk: a deal or a case is named by type and number.
"""
