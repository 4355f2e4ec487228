"""What happened: one append-only row per happening between the business and a party.

It is at once the timeline, the outbox and the feed of the lake. It must not know what the happenings are about: higher
floors register their kinds of event.
"""
