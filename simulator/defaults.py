"""What the system does unless told otherwise, as far as the model needs it. A test holds it to the system."""

BOARD_INTERVAL_S = 0.1  # between two looks for what is sold out
POOL_TIMEOUT_S = 30.0  # a connection that comes later is of no use
OPTIMISTIC_TRIES = 10
OPTIMISTIC_BACKOFF_S = 0.005  # the ceiling of the first wait; it doubles with each try
OPTIMISTIC_DOUBLINGS = 6  # at most
