"""How people get in and stay in: second factors, sessions, lock-out, invitations, single sign-on.

What somebody may do once he is in, it does not know.
"""
