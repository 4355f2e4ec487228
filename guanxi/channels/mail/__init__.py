"""Mail: mailboxes of people, what comes and goes through them, threads, and which customer or deal they belong to.

`parsing` understands one message, `fetching` speaks IMAP, `syncing` keeps a mailbox up to date, `filing` says to whom
and to what a message belongs, `posting` sends. Nothing here knows why people write: a deal or a case is named by type
and number, so that shared inboxes, campaigns and cases can stand on it.
"""
