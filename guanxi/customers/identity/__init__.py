"""Who is who, as people and programs deal with it: pairs that may be one, merging and undoing, where values come from.

What it stands on lies a floor below: `customers.hanging` (what hangs on parties), `customers.merged` (which are one),
`customers.deriving` (how a party follows from its sources), `customers.matching` (likeness of records) and the actions
(docs/develop/identity.md).
"""
