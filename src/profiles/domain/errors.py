"""The root of every error this library raises."""


class ProfilesError(Exception):
    """A broken promise or a failing world, in one sentence that says what to do about it.

    The sentence never holds a value of a person: it may be logged and shown as it is.
    Bad records are not errors: they are `Rejected` values.
    """


class UsageError(ProfilesError):
    """The command or its settings are wrong; nothing was done. The command line exits with 2."""
