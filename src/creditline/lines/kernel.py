"""The kernel of a policy: its generated source, run as Python at once and by Numba when compiled.

The compiled form is kept in a cache on disk keyed by the source's hash, which the policy's content decides.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import linecache
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import platformdirs

from creditline.lines import machine
from creditline.policy import runtime
from creditline.policy.compiler import compile_policy
from creditline.policy.model import Policy

Engine = Literal["python", "numba"]

_CONSTANTS = ("NULL", "NEVER", "LONG_AGO", "DAY")
_STATES = (
    "NEW, APPLIED, DECLINED, OPEN, FROZEN, CLOSED, TERMINATED = 0, 1, 2, 3, 4, 5, 6\n"
    "NONE, APPLY, OPENED, DECLINE, SET_LIMIT, FREEZE, UNFREEZE, CLOSE, EXTEND, REOPEN, TERMINATE, HOLD = range(12)\n"
)


def kernel_source(policy: Policy) -> str:
    """The whole generated module: what the language means, the policy, the state machine."""
    # No version here: policies that differ only in texts or points share one kernel and its compiled form.
    title = f'"""Kernel of policy {policy.name}. Generated: do not edit."""'
    constants = "\n".join(f"{name} = {getattr(runtime, name)}" for name in _CONSTANTS)
    rows = "\n".join(f"{name} = {value}" for name, value in vars(machine).items() if _is_row_name(name, value))
    parts = [
        title,
        "from __future__ import annotations",
        "import numpy as np",
        constants + "\n" + _STATES + "BY_RULES, BY_APPROVAL, BY_BLOCK = 0, 1, 2\n" + rows,
        "# What the language means: exact arithmetic and NULL.",
        *(inspect.getsource(helper) for helper in runtime.HELPERS),
        f"# The policy {policy.name}.",
        compile_policy(policy),
        "# The line's state machine and its walk through time.",
        *(inspect.getsource(function) for function in machine.FUNCTIONS),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _is_row_name(name: str, value: object) -> bool:
    return name.startswith("D_") and isinstance(value, int)


LOADER = 3
"""Number of the way load_compiled loads; raise it with any change there, since a cache made otherwise does not load."""


def cache_folder() -> Path:
    """Where compiled kernels are kept: CREDITLINE_CACHE or the user's cache folder."""
    folder = os.environ.get("CREDITLINE_CACHE") or platformdirs.user_cache_dir("creditline")
    return Path(folder) / f"kernels-{LOADER}-numba-{version('numba')}"


class Kernel:
    """The functions of one policy's kernel by engine; both are made from the same source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.key = hashlib.sha256(source.encode()).hexdigest()[:20]
        self._python = self.fresh()
        self._numba: ModuleType | None = None
        self._lock = threading.Lock()

    def function(self, name: str, engine: Engine) -> Callable[..., Any]:
        """A function of the kernel; asking for Numba compiles it if it is not compiled yet."""
        module = self._python if engine == "python" else self._compiled()
        found: Callable[..., Any] = getattr(module, name)
        return found

    def warm(self) -> threading.Thread:
        """Begin to compile in the background; is_ready tells when Numba's functions can be had at once.

        Another process compiles into the cache: Numba's front end holds Python's lock for most of the time.
        """
        thread = threading.Thread(target=self._warm, name=f"compile-{self.key}", daemon=True)
        thread.start()
        return thread

    def _warm(self) -> None:
        command = [sys.executable, "-m", "creditline.lines.compiling", str(self._write())]
        subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603  (our own)
        self._compiled()

    @property
    def is_ready(self) -> bool:
        """Whether the compiled functions are loaded."""
        return self._numba is not None

    def fresh(self) -> ModuleType:
        """Its functions as Python in a module of their own, in which some may be put in place of others."""
        name = f"creditline_kernel_{self.key}"
        module = ModuleType(name)
        filename = f"<kernel {self.key}>"
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        exec(compile(self.source, filename, "exec"), module.__dict__)  # noqa: S102  (our own generated source)
        return module

    def _compiled(self) -> ModuleType:
        with self._lock:
            if self._numba is None:
                self._numba = load_compiled(self._write())
            return self._numba

    def _write(self) -> Path:
        """The source as a file, which Numba's cache keeps its compiled form beside."""
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"kernel_{self.key}.py"
        if not path.exists() or path.read_text(encoding="utf-8") != self.source:
            partial = path.with_suffix(f".{os.getpid()}.partial")
            partial.write_text(self.source, encoding="utf-8")
            partial.replace(path)
        return path


def load_compiled(path: Path) -> ModuleType:
    """The module of a generated source file with every function handed to Numba, its cache beside the file."""
    import numba

    spec = importlib.util.spec_from_file_location(f"creditline_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba's cache finds the module again by its name
    spec.loader.exec_module(module)
    for name, function in list(vars(module).items()):
        if inspect.isfunction(function):
            compiled = _compiled_once(numba.njit(nogil=True, cache=True)(function))
            # Counting who holds an array takes longer than reading it; only what makes arrays has to.
            compiled.targetoptions["_nrt"] = "np" in function.__code__.co_names
            setattr(module, name, compiled)
    return module


def _compiled_once(dispatcher: Any) -> Any:
    """The same function, compiled once for all integers; left alone, Numba compiles it anew for each literal."""
    from numba.core import types

    template = dispatcher.get_call_template
    dispatcher.get_call_template = lambda args, kws: template(tuple(map(types.unliteral, args)), kws)
    return dispatcher


_KERNELS: dict[str, Kernel] = {}
_BY_POLICY: dict[tuple[object, ...], Kernel] = {}
"""Kernels by source, and by what decides the source: writing it takes longer than deciding a thousand lines."""


def kernel_of(policy: Policy) -> Kernel:
    """The kernel of a policy; the same for all policies that differ only in texts or scorecard points."""
    limits = tuple(policy.scorecard.limits.items()) if policy.scorecard else ()
    key = (policy.name, policy.version, limits)
    if key not in _BY_POLICY:
        source = kernel_source(policy)
        _BY_POLICY[key] = _KERNELS.setdefault(source, Kernel(source))
    return _BY_POLICY[key]
