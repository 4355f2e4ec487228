"""Territories: rules that say which customers belong to whom, cut anew only after looking at what would move.

It knows customers, deals and leads, none of which know it: what they show of a territory is hung in by hooks.
"""
