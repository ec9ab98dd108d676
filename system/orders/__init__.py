"""Placing and reading orders."""
