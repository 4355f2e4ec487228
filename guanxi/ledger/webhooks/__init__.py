"""Webhooks: what happens is told to other programs by HTTP, as the Standard Webhooks specification says.

The ledger is the outbox. Each webhook keeps a place in it, so that nothing is lost whoever is killed, and whatever was
not told while it was paused can be told later. It knows the ledger and the desk, and nothing of what the events mean.
"""
