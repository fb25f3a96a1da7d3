"""The torture: stages are killed, stopped and cut off while a model checks what they did.

The model is recomputed from the input topic alone, so it shares no code with the
runtime it judges.
"""
