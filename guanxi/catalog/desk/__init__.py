"""The lists and record pages of the catalogue."""

from guanxi.catalog.desk import prices as prices
from guanxi.catalog.desk import products as products
from guanxi.catalog.desk import stock as stock
