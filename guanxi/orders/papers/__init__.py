"""What leaves the house on paper: letterheads in each language, and templates made into PDF.

It must not know what the papers say.
"""
