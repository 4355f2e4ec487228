"""Quotes: versions, options, discounts with limits and approvals, and the page where customers accept or decline.

It must not know the deal that a quote is for: a quote has a place (type, number), and higher floors hang on it.
"""
