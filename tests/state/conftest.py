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

_DEBIAN = Path("/usr/lib/postgresql")


def _programs() -> Path | None:
    """Where initdb and pg_ctl are; Debian does not put them on the PATH."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl"):
        return Path(found).parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb")) if _DEBIAN.is_dir() else []
    return versions[-1].parent if versions else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own on the loopback; the SQLAlchemy URL of an empty database."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: pip install 'mlops-nb[postgres]'")
    programs = _programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL server; on Debian: apt install postgresql")
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="mlops-pg-"))
    if as_user:
        shutil.chown(folder, "postgres")
    port = _free_port()
    data, log = folder / "data", folder / "log"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments],
            check=True,
            capture_output=True,
            cwd=folder,
        )

    call("initdb", "-D", str(data), "-U", "mlops", "-A", "trust", "--no-sync")
    call("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://mlops@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A MariaDB server of our own on the loopback; the SQLAlchemy URL of an empty database."""
    if importlib.util.find_spec("pymysql") is None:
        pytest.skip("PyMySQL is not installed: pip install 'mlops-nb[mysql]'")
    server = shutil.which("mariadbd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if server is None:
        pytest.skip("there is no MariaDB server; on Debian: apt install mariadb-server-core")
    folder, port = Path(tempfile.mkdtemp(prefix="mlops-maria-")), _free_port()
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
