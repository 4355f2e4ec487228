"""Tags: short coloured words on any record, suggested as one types."""
