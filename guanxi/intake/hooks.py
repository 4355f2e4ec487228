"""What intake hangs into the house: the list of imports, and the check of what imports write."""

from guanxi.foundation import hooks
from guanxi.foundation.bulk import orphans
from guanxi.intake import desk as desk

hooks.register("check", ("references", orphans.find))
