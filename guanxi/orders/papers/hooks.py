"""What papers hang into the house."""

from guanxi.orders.papers import desk as desk  # registers the desk
