"""Exactly once on Faust: every stage of the city is a Faust agent that is handed chunks.

A *lane* is one partition number of a stage: its state, its position in the input and
its transactional producer. A lane is fenced, restored and sought to its stored
position before a record flows; then each chunk's messages, changed entries and
position are committed in one Kafka transaction. Whatever fails, the lane's memory is
dropped and it starts again at the fence, so correctness never depends on who the
consumer group believes to own a partition.
"""
