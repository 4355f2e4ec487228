"""What quotes and deals have to do with each other: quotes made for a deal, and what a deal hears of them.

It must not know how quotes are priced, approved or sent (`orders.quotes`), nor how deals move (`sales.deals`).
"""
