"""What intake hangs into the house: the list of imports."""

from guanxi.intake import desk as desk
