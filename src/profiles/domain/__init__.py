"""The rules: values in, values out, and nothing but the standard library.

No input or output, no clock, no logging, no randomness: what a rule needs it is handed.
"""
