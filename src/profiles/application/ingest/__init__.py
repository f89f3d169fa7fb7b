"""From a source to the log, and from the log into the stores."""
