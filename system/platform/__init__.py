"""What every feature stands on: database, Redis, identity, spans, the running process."""
