"""Finding records that tell of one person, by what they say alone: nothing here knows the database or its settings.

`match(records)` gives pairs with probability and the weight of each field, `cluster(pairs, threshold)` who is one
person; `train(records)` a `Model` that can be kept and recognises one new record among candidates found by `keys`;
`explain` says in words why. docs/develop/matching.md tells how it works.
"""

from guanxi.customers.matching.clustering import cluster
from guanxi.customers.matching.errors import CannotMatch
from guanxi.customers.matching.explaining import Bar, explain
from guanxi.customers.matching.matching import keys, match, train
from guanxi.customers.matching.model import Model

__all__ = ["Bar", "CannotMatch", "Model", "cluster", "explain", "keys", "match", "train"]
