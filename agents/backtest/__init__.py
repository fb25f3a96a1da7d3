"""The whole city in one process, without Kafka: for history under another policy, and for tests."""
