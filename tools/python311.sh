#!/bin/sh
# Print a Python 3.11 that can make environments, for the second engine: Theano runs on none newer.
# PYTHON311 names one; else the usual names are tried. Says so on stderr, and fails, where there is none.
for candidate in ${PYTHON311:-python3.11 "${PYTHON:-python3}" python3}; do
    if "$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        echo "$candidate"
        exit
    fi
done
cat >&2 <<'END'

**********************************************************************
  The second engine did NOT run: Theano 1.0.5 needs Python 3.11, and
  none was found. Install it, or name it:  make test PYTHON311=/path/to/python3.11
**********************************************************************

END
exit 1
