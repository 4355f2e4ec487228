"""Who is who: which parties are one, what hangs on each, how a party follows from what sources said of it.

Which parties are one follows from the merges that are not undone (models.Merge). Every row that hangs on a party keeps
in `origin` the party as which it was recorded, so what hangs on whom is a function of these merges, and they can be
undone at any time and in any order (docs/develop/identity.md). Writing is done in guanxi.customers.actions.merging.
"""
