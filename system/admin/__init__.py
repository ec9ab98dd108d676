"""Seeding, resetting and restocking, for whoever holds the admin key."""
