"""The customer's rights: consents told of and taken back, everything kept given to him, corrected, restricted, erased.

What each package keeps of a customer it says at the door "kept_about" (guanxi.customers.rights.kept).
"""
