"""A real Apache Kafka of one node on this machine, for those who have no cluster.

`ensure_broker` is what most callers want: it answers with the bootstrap servers of
the cluster that the settings name, or starts the embedded broker and answers with its
address. The broker outlives the command that started it, until `stop`.
"""

from agents.broker.embedded import (
    BrokerStatus,
    bootstrap_servers,
    ensure_broker,
    kill,
    start,
    status,
    stop,
)

__all__ = [
    "BrokerStatus",
    "bootstrap_servers",
    "ensure_broker",
    "kill",
    "start",
    "status",
    "stop",
]
