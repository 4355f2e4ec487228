"""Account plans: what is to be reached with an organisation and by when, where the relationship is strong and where
not, what it does not buy yet that others like it buy, and when the plan is gone through again.

The plan has no row of its own: goals and reviews hang on the organisation, the rest is worked out when somebody looks.
"""
