"""What intake decides about a report, part by part: times, places, personal data, memory."""
