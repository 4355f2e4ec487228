"""How people are told: the kinds of notification, which way each comes, quiet hours, and the mails that wait.

Telling itself is done by `guanxi.foundation.notices`; `letters` sends the mails.
"""
