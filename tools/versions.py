"""Print in large letters which engine runs, for the log of a test run.

$ RNN_ENGINE=theano python tools/versions.py
"""

import platform

import numpy

from rnn_lib.engine import NAME, VERSION

RULE = "=" * 78

if __name__ == "__main__":
    python = platform.python_version()
    print(
        RULE, f"ENGINE {NAME} {VERSION}, NumPy {numpy.__version__}, Python {python}", RULE, sep="\n"
    )
