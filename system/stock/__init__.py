"""How stock is taken: one port, one module for each locking strategy."""
