"""One engine and one workload in a process of its own, which answers one line at a time.

``update 5``, ``predict 5`` and ``sample 5`` answer with what each of five calls gave and the CPU
seconds that it took.  ``so far`` answers with the CPU seconds of the process, its start and imports
included, and with the peak of its memory in MB.
"""

import importlib
import json
import resource
import sys
import time

import numpy as np
from workloads import N_DRAWN, WORKLOADS, Workload


def main():
    """Make what the arguments name, and answer until the input ends."""
    module, variant, work = sys.argv[1], sys.argv[2], sys.argv[3]
    work = WORKLOADS[work] if work in WORKLOADS else Workload(**json.loads(work))
    module = importlib.import_module(module)
    update, predict = module.make(work, scan=True) if variant == "scan" else module.make(work)
    calls = {"update": update, "predict": predict}
    for line in sys.stdin:
        command, count = line.split()
        if line == "so far\n":
            memory = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
            print(json.dumps({"seconds": time.process_time(), "memory": memory}), flush=True)
            continue
        if command not in calls:
            calls[command] = module.make_sample(work)
        values, seconds = [], []
        for _ in range(int(count)):
            begin = time.process_time()
            value = calls[command]()
            seconds.append(time.process_time() - begin)
            values.append(value if command == "update" else np.ravel(value)[:N_DRAWN].tolist())
        print(json.dumps({"values": values, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
