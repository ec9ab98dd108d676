"""What the shop promises under every strategy: the application in process, on real PostgreSQL and Redis."""
