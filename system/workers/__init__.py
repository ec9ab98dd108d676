"""The consumer of the queued strategies: a process of its own that decides what the API has accepted."""
