"""Calls, meetings and visits: what is arranged with a party, what was held, and how it went.

Notes and tasks are of the foundation, mails have a package of their own: the timeline joins them. What was held is told
to the ledger as an event; the words stay here, so that they can be corrected and forgotten.
"""
