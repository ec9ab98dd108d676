"""Products and their sizes, as shoppers see them."""
