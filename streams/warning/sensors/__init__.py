"""What is unusual about a device, judged against its own past, one reading at a time.

``detector`` and ``compact`` say how surprising a value is; ``quality`` says whether the
device can be believed at all. Hard limits stand apart, in ``streams.warning.limits``:
they warn whatever the statistics say.
"""
