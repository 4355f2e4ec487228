"""Relationships drawn: the organisation chart, the tree of companies, and the words for both sides of a tie."""
