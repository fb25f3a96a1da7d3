"""What each order does to a case, in the words of the table (`lifecycle`), grouped by matter."""
