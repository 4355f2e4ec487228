"""What the general manager reads of insight: customer equity, and its part of the first page."""
