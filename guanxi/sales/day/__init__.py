"""The day of who sells: what is to be done next and why, and what else waits for him today.

It keeps nothing of its own. What stands on the day hangs on two doors, so that other packages add to it: `day_section`
(what stands there) and `day_worth` (what the records of a type are worth, for the order of next actions).
"""
