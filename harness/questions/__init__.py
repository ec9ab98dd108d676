"""What an architect asks: which runs of the model to make for it, and what to conclude from them."""
