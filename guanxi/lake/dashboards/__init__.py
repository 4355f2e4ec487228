"""Questions that people save, and the dashboards that they put them on; shared, mailed, printed.

What a question says is Explore's business; here stand its name, whose it is and who may read it.
"""
