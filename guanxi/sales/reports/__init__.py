"""How selling goes, in figures: deals, their stages and activities as facts of the lake, what can be asked of them, and
the dashboard that stands there from the beginning.

Rows are brought into the lake by its refresh (guanxi/lake/followed.py); nothing here is stored in the database.
"""
