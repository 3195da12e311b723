"""The twins of the kernel, and the one that runs."""

from __future__ import annotations

import os
from types import ModuleType
from typing import NamedTuple

from emojimap import _overlap_py
from emojimap.errors import ArgumentError, EmojimapError

KERNEL_VARIABLE = "EMOJIMAP_KERNEL"
"""Environment variable that pins a twin of the kernel, or an instruction set of the compiled one:
cython (default: the best set that this machine has), avx512, avx2, neon, portable or python."""

_SETS = ("avx512", "avx2", "neon", "portable")


class Kernel(NamedTuple):
    """A twin and the instruction set it uses."""

    module: ModuleType
    path: str


def kernels() -> tuple[str, ...]:
    """Values of `EMOJIMAP_KERNEL` that work on this machine, the fastest one first.

    Returns
    -------
    tuple of str
        Instruction sets of the compiled kernel, then ``python``.
    """
    return (*_compiled().paths(), "python")


def kernel() -> Kernel:
    """Return the twin that the environment pins.

    Returns
    -------
    Kernel
        The compiled one, with the best instruction set, where nothing is pinned.

    Raises
    ------
    ArgumentError
        If the variable names nothing that works on this machine.
    EmojimapError
        If the compiled kernel is missing.
    """
    name = os.environ.get(KERNEL_VARIABLE, "cython")
    if name == "python":
        return Kernel(_overlap_py, "")
    if name != "cython" and name not in _SETS:
        choices = ", ".join(_SETS)
        raise ArgumentError(f"{KERNEL_VARIABLE} is {name!r}: set it to cython, python, {choices}")
    module = _compiled()
    paths = module.paths()
    if name in _SETS and name not in paths:
        raise ArgumentError(
            f"{KERNEL_VARIABLE} is {name!r}, which this machine or build lacks: set it to "
            f"{', '.join(paths)}, cython or python"
        )
    return Kernel(module, paths[0] if name == "cython" else name)


def _compiled() -> ModuleType:
    try:
        from emojimap import _overlap
    except ImportError as error:
        raise EmojimapError(
            f"the compiled kernel can't be imported ({error}): reinstall emojimap, or run "
            f"'python setup.py build_ext --inplace', or set {KERNEL_VARIABLE}=python (slow)"
        ) from error
    return _overlap
