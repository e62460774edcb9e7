"""What an evaluation or a bench says when it cannot run."""


class EvalError(RuntimeError):
    """An evaluation cannot run; the message says what is missing, and what to do."""
