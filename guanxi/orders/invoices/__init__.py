"""Invoices and credit notes numbered without gaps, payments, reminders, and how customers pay.

It must not know what is learned of customers, nor how payments come in from banks.
"""
