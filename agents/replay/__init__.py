"""The recorded events of real cities, fed as if they happened now."""
