"""The form for a new customer: duplicates while typing, addresses and telephones by country, pasted signatures."""
