"""Calibrations that last: where they are kept, what each holds for, and whether it still does."""
