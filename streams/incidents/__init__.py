"""The life of an incident, the same at street, district and city.

Read in this order: ``lifecycle`` (what may follow what), ``case`` (what a tier remembers),
``opening`` and ``updates`` (what reports do), ``clocks`` and ``escalation`` (what time
does), ``ownership`` (how a case changes hands), ``commands`` (what operators do).
"""
