"""Who: parties (people and organisations), what sources said of them, how to reach them, how they are related, consent.

It must not know what happened between them and the business (ledger) or what they bought (orders).
"""
