"""Races on demand: named interleavings of two or three shoppers, played step by step on real servers.

The shop is the real one, from the request's bytes to the database. Only its connections are watched: before
and after each statement its shopper can be told to stop, and the others to go on. Nothing of the shop knows.
"""
