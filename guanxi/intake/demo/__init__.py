"""The demonstration: The Complete Journey, a year of a grocer's real sales, with made-up names for its households."""
