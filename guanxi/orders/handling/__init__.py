"""Orders as they are handled here: confirmed, delivered in parts, cancelled; stock held and taken for them.

It must not know how orders are paid.
"""
