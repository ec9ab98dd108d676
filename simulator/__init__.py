"""The SimPy model of the checkout system: calibrated on a short run, it predicts longer ones."""
