"""Explore: choose measures and dimensions, pivot, plot, and click through to the records behind a figure."""
