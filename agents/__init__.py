"""What is done: decode, decide, store, send, on Kafka."""
