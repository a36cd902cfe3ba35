"""What a notebook imports, and which packages bring it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from mlops_nb.notebook import Notebook, to_python

# Module → distribution, where PyPI's name is another one.
DISTRIBUTIONS = {
    **{"sklearn": "scikit-learn", "skimage": "scikit-image", "cv2": "opencv-python"},
    **{"bs4": "beautifulsoup4", "PIL": "pillow", "yaml": "pyyaml", "dateutil": "python-dateutil"},
    **{"dotenv": "python-dotenv", "Crypto": "pycryptodome", "imblearn": "imbalanced-learn"},
    **{"umap": "umap-learn", "serial": "pyserial", "psycopg2": "psycopg2-binary"},
    **{"MySQLdb": "mysqlclient", "fitz": "pymupdf", "docx": "python-docx", "pptx": "python-pptx"},
    **{"git": "gitpython", "jwt": "pyjwt", "magic": "python-magic", "ibis": "ibis-framework"},
    **{"attr": "attrs", "zmq": "pyzmq", "igraph": "python-igraph", "Bio": "biopython"},
    **{"mpl_toolkits": "matplotlib", "pylab": "matplotlib", "pkg_resources": "setuptools"},
    **{
        "faiss": "faiss-cpu",
        "skopt": "scikit-optimize",
        "tf_keras": "tf-keras",
        "jose": "python-jose",
    },
}


def imported(notebook: Notebook) -> set[str]:
    """Return the first parts of all that a notebook's code cells import, anywhere in them."""
    return {name.partition(".")[0] for name in _names(notebook)}


def _names(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(to_python(cell.source).text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # the linter says so
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
