"""Boston's 311 service requests of a year: a city of precincts, neighbourhoods and departments."""
