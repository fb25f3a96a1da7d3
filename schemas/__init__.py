"""What travels: the messages of the city and their bytes."""
