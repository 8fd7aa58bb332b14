"""What `import chainrule` finds while a notebook is graded: nothing that could answer for the learner.

`check` does nothing, because checks are the grader's. Any other name can be imported, from any module of the library,
and says when it is used that it is not there, so that an import alone breaks no cell.
"""
import importlib.abc
import importlib.machinery
import sys

__path__ = []


class NotAvailable:
    """Stands for a name of the library."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *_, **__):
        raise RuntimeError(f"{self._name} is not available while graded; your own functions have to do.")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return NotAvailable(f"{self._name}.{name}")


def check(*_, **__):
    """Checks are run by the grader, elsewhere."""


def stand_in(module):
    """A `__getattr__` for a module whose names are not available."""
    def get(name):
        if name.startswith("__"):
            raise AttributeError(name)
        return check if name == "check" else NotAvailable(f"{module}.{name}")
    return get


__getattr__ = stand_in(__name__)


class Submodules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Any module of the library can be imported; it is empty."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.startswith("chainrule.") else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = stand_in(module.__name__)


sys.meta_path.append(Submodules())
