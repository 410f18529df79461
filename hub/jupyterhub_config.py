"""JupyterHub for a class on one Linux server; the page "A server for a class" explains it.

Run it as root, in a folder that only root can read:

    /srv/book/.venv-classroom/bin/jupyterhub --config /srv/book/hub/jupyterhub_config.py
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821  JupyterHub gives it

# Who may log in: the accounts of this server that are in one of these groups.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"students", "teachers"}
c.PAMAuthenticator.admin_groups = {"teachers"}

# Each student's server runs under the account of the student, with this environment's programs.
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.cmd = [str(Path(sys.prefix) / "bin" / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

# A class starts all its servers in the same minute.
c.Spawner.start_timeout = c.Spawner.http_timeout = 180

# What is not used gives its memory back: a closed notebook after one hour, a server after two.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--ServerApp.shutdown_no_activity_timeout=7200",
]

# The proxy listens on this machine alone: a web server in front of it brings https.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
proxy = Path(sys.prefix) / "node_modules" / ".bin" / "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = [str(proxy)]
