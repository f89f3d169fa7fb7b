"""The ways in: read the settings, join ports to adapters in one place, call a use case."""
