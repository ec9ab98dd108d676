"""Answers to what an architect asks of the model: their shapes, their pictures, and the page of them."""
