"""Wrong ways: variants that are in no shop of ours, kept small, and never offered as a strategy."""
