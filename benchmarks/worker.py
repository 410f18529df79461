"""One engine and one workload in a process of its own, which answers one line at a time.

``update 5`` and ``predict 5`` answer with what each of five calls gave and the CPU seconds that it
took; ``memory`` with the peak of the process so far, in MB.
"""

import importlib
import json
import resource
import sys
import time

from workloads import WORKLOADS, Workload


def main():
    """Make what the arguments name, and answer until the input ends."""
    module, variant, work = sys.argv[1], sys.argv[2], sys.argv[3]
    work = WORKLOADS[work] if work in WORKLOADS else Workload(**json.loads(work))
    make = importlib.import_module(module).make
    update, predict = make(work, scan=True) if variant == "scan" else make(work)
    for line in sys.stdin:
        command, *count = line.split()
        if command == "memory":
            print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1), flush=True)
            continue
        values, seconds = [], []
        for _ in range(int(count[0])):
            begin = time.process_time()
            value = update() if command == "update" else predict()
            seconds.append(time.process_time() - begin)
            values.append(value if command == "update" else value.ravel()[:20].tolist())
        print(json.dumps({"values": values, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
