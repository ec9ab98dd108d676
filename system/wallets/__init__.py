"""Shoppers' money: a balance, charges, and the ledger that explains both."""
