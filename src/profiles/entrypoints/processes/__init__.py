"""Several processes of one job: a parent that starts readers, and what a reader is.

Each reader is a member of the consumer group, exactly as a process alone is; the parent opens
nothing. It starts them, adds up what they report, and passes a signal on.
"""
