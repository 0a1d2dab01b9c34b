"""What a user asks for, checked when it is made: how networks are trained and computed, how images are read."""
