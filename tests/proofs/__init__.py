"""What proves rather than tests: `make prove`."""
