"""Which functions the engine can call: with so many arguments, and not asynchronous."""

from __future__ import annotations

import inspect
import re
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction


def complaint(function: Any, arguments: str, *, is_async: bool = False) -> str | None:
    """Returns what is wrong with a function that is called with these arguments, `"(user_id, keys)"`, or None.

    A function that does not tell its signature is accepted.
    """
    if not callable(function):
        return f"is no function, but of the type {type(function).__name__}"
    if _is_async(function) != is_async:
        return "is not asynchronous: write `async def`" if is_async else "is asynchronous: write `def`"
    try:
        inspect.signature(function).bind(*re.findall(r"\w+", arguments))
    except TypeError:
        return f"does not take {arguments}"
    except ValueError:
        pass
    return None


def _is_async(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    calls = (function, getattr(type(function), "__call__", None))  # noqa: B004  of an object that can be called
    return any(iscoroutinefunction(call) or inspect.isasyncgenfunction(call) for call in calls)
