"""How likely an open deal is to be won: learned every night from how deals went, as each was known at the time, and
calibrated on later ones. Knows deals and insight; nothing of forecasts or of the representative's day.
"""
