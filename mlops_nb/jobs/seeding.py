"""Seeds the generators of a job's kernel before its first cell.

The text below is executed in the kernel, whose interpreter need not have this package: it imports
nothing but Python's own library, and numpy is seeded when the notebook imports it, not before.
"""

from __future__ import annotations

SEEDED = ("PYTHONHASHSEED", "random", "numpy.random")
"""What repeats for the same seed; a generator made by ``default_rng()`` without one does not."""


def seeding(seed: int) -> str:
    """Return the code that seeds a kernel.

    Parameters
    ----------
    seed : int
        From 0 to 2³² - 1, the range of ``numpy.random.seed``.
    """
    names = {"__name__": "mlops_seeding", "SEED": seed}
    return f"exec({_CODE!r}, {names!r})"


_CODE = """
import importlib.machinery, importlib.util, random, sys

random.seed(SEED)


class Loader:
    def __init__(self, loader):
        self.loader = loader

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        module.seed(SEED)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "numpy.random":
            return None
        sys.meta_path.remove(Finder)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader)
        return spec


if "numpy" in sys.modules:  # a kernel's own start-up has imported it
    sys.modules["numpy"].random.seed(SEED)
else:
    sys.meta_path.insert(0, Finder)
"""
