"""What each relationship is worth and what state it is in: models of purchases, spend and stages, learned from the
lake, and each party's standing. Knows nothing of sales, marketing or service.

`guanxi.insight.lifetime` and `guanxi.insight.states` are models on NumPy arrays and need no Django.
"""
