"""The reports of the lake: yesterday in brief, the monthly report of who buys."""
