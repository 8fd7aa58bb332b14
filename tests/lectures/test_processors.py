"""What a lecture prints does not depend on the processor it runs on."""
import os
import subprocess
import sys

import pytest

from tests.lectures.reading import lectures

LECTURES = list(lectures())
RUN = """
import sys
from pathlib import Path
from chainrule_grading.authoring import Product, drift, execute, lecture
root = Path(sys.argv[1])
for name in sys.argv[2:]:
    notebook = execute(lecture(root / "course" / "lectures" / f"{name}.md"), Path("."))
    if how := drift(Product(root / "lectures" / f"{name}.ipynb", notebook)):
        print(name, how)
"""


def plain_processor():
    """An environment in which OpenBLAS and NumPy use no AVX: another rounding, the same sentences."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
    off = [feature for feature in __cpu_dispatch__ if __cpu_features__.get(feature)]
    return os.environ | {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": " ".join(off)}


def test_lectures_print_the_same_without_vector_instructions(course, tmp_path):
    done = subprocess.run([sys.executable, "-c", RUN, str(course.root), *LECTURES], cwd=tmp_path,
                          env=plain_processor(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == ""


def test_the_other_processor_really_rounds_differently():
    """Without this the test above could be comparing a machine with itself."""
    code = "import numpy as np; a = np.random.default_rng(0).normal(size=(64, 64)); print((a @ a).sum().hex())"
    runs = {subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
            for env in (os.environ | {"OPENBLAS_CORETYPE": "Prescott"}, plain_processor(), dict(os.environ))}
    if len(runs) == 1:
        pytest.fail("this machine rounds alike either way: run the test on one with AVX")


