"""Deals: what may be sold to whom, how far it has come, who takes part in deciding, and who stands against us.

It must not know where a deal comes from (leads) nor what is offered for it (quotes hang themselves in by hooks).
"""
