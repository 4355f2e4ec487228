"""Notifications as mails: at once, or a digest a day; never within somebody's quiet hours, and each once."""
