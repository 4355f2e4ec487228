"""What will be sold until when: deals added up by person and team, quotas, what people say instead, what was forecast
before and how right it was. Knows deals; knows nothing of leads, accounts or win scores beside it."""
