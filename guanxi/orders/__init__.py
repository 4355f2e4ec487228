"""What was bought: orders with their lines, discounts and returns, where, through which channel and from whom.

It must not know how orders come in (intake) nor how they are analysed (lake).
"""
