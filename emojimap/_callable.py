"""Modules that can be called: ``emojimap.fit`` is a module of the package and its main function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(module: str, function: Callable[..., Any]) -> None:
    """Let a module be called like one of its functions.

    Importing ``emojimap.fit`` binds the module to that name in the package, over any function
    there; so the module itself must answer the call.

    Parameters
    ----------
    module : str
        Name of the module, imported or being imported.
    function : callable
        What a call of the module calls.
    """

    class CallableModule(ModuleType):
        __doc__ = function.__doc__

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

    sys.modules[module].__class__ = CallableModule
