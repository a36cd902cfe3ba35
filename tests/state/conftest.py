from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A MariaDB server of our own on the loopback; the SQLAlchemy URL of an empty database."""
    if importlib.util.find_spec("pymysql") is None:
        pytest.skip("PyMySQL is not installed: pip install 'mlops-nb[mysql]'")
    server = shutil.which("mariadbd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if server is None:
        pytest.skip("there is no MariaDB server; on Debian: apt install mariadb-server-core")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="mlops-maria-"))
    (folder / "data").mkdir()
    # Without tables of users, whom nobody needs here, an empty folder will do. The character set
    # lacks most letters, as on many a server: what we make must not mind.
    process = subprocess.Popen(
        [server, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-grant-tables",
         f"--socket={folder / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1",
         f"--user={getpass.getuser()}", "--character-set-server=latin1",
         "--innodb-flush-log-at-trx-commit=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = sa.make_url(f"mysql+pymysql://root@127.0.0.1:{port}/")
        with _answering(url).begin() as connection:
            connection.exec_driver_sql("CREATE DATABASE sinks")
        yield url.set(database="sinks").render_as_string()
    finally:
        process.kill()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _answering(url: sa.URL) -> sa.Engine:
    """Return an engine of a server that has just been started, as soon as it answers."""
    engine, deadline = sa.create_engine(url, poolclass=sa.NullPool), time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                return engine
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
