"""What happens in a drop: scenarios, arrivals, journeys, and the record that every run leaves."""
