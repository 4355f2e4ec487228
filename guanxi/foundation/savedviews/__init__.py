"""Saved views of lists for programs. It stands on the desk and the API, which do not know each other."""
