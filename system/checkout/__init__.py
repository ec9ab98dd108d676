"""What all purchases and payments share."""
