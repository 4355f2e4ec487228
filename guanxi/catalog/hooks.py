"""What the catalogue hangs into the house."""

from guanxi.catalog import desk as desk
