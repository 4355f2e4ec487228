"""Who: parties, what sources said of them, how to reach them, how they are related, what they agreed to.

The tables that imports fill have no foreign keys in the database (docs/decisions/0015-references-checked-in-sets.md).
"""

from guanxi.customers.models.consents import Consent, ConsentPurpose, ConsentText, OptIn, Restriction
from guanxi.customers.models.identity import FieldRule, JunkValue, MatchingSettings, MatchKey, MatchPair, Merge
from guanxi.customers.models.parties import Party, PartyRole
from guanxi.customers.models.reach import ContactPoint
from guanxi.customers.models.relations import Relationship
from guanxi.customers.models.sources import Source, SourceRecord

__all__ = [
    "Consent",
    "ConsentPurpose",
    "ConsentText",
    "ContactPoint",
    "FieldRule",
    "JunkValue",
    "MatchKey",
    "MatchPair",
    "MatchingSettings",
    "Merge",
    "OptIn",
    "Party",
    "PartyRole",
    "Relationship",
    "Restriction",
    "Source",
    "SourceRecord",
]
