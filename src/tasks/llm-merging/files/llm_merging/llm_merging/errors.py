"""The one kind of error that is answered with its sentence instead of a traceback."""


class MergeError(Exception):
    """Something that the user can mend: the message says what."""
