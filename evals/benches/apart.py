"""Runs a measurement in a new process, so that its memory and its start are its own."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from shopwright.evals.errors import EvalError

Given = ParamSpec("Given")
Result = TypeVar("Result")


def run_apart(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """What `function` returns, or raises, in a new process that ends afterwards.

    Raises EvalError when the process dies, which is what the system does to one that takes too much memory.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise EvalError(
                f"The process that measured {function.__name__} died without a word. "
                "Most often the memory was not enough: close other programs, or measure a smaller model."
            ) from error
