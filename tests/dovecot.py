"""A throw-away Dovecot: a real IMAP server in a folder of its own, on a port of its own, for tests of mail."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from email.message import EmailMessage
from imaplib import IMAP4
from pathlib import Path

PASSWORD = "relation-8-ship"
PLACES = ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot")
HOW = "Dovecot is needed for these tests: on Debian `apt-get install dovecot-imapd`, on macOS `brew install dovecot`."
CONFIG = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class NoDovecot(Exception):
    """No Dovecot on this machine; the message says how to get it."""


def program() -> str:
    """Where Dovecot is. Raises NoDovecot."""
    found = shutil.which("dovecot") or next((path for path in PLACES if Path(path).exists()), None)
    if found is None:
        raise NoDovecot(HOW)
    return found


class Dovecot:
    """One server; any user name logs in with PASSWORD and has an empty mailbox with INBOX and Sent."""

    def __init__(self) -> None:
        self.program = program()
        self.folder = Path(tempfile.mkdtemp(prefix="guanxi-imap-", dir="/tmp"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def start(self) -> None:
        """Start it and wait until it answers."""
        # Mail is never root's: where tests run as root, it is that of nobody.
        owner = pwd.getpwnam("nobody" if os.geteuid() == 0 else getpass.getuser())
        import grp

        group = grp.getgrgid(owner.pw_gid).gr_name
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)  # a test may have filled the mail before
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            shutil.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        values = {"folder": self.folder, "port": self.port, "password": PASSWORD, "user": owner.pw_name, "group": group}
        config = self.folder / "dovecot.conf"
        config.write_text(CONFIG.format(**values, uid=owner.pw_uid, gid=owner.pw_gid))
        log = (self.folder / "said").open("w")
        self.process = subprocess.Popen(
            [self.program, "-F", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while True:
            try:
                IMAP4("127.0.0.1", self.port).logout()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    said = [path.read_text() for path in (self.folder / "said", self.folder / "log") if path.exists()]
                    raise RuntimeError("Dovecot did not start:\n" + "\n".join(said)) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it and delete its folder."""
        if hasattr(self, "process"):
            self.process.terminate()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def put(self, user: str, *messages: EmailMessage | bytes, folder: str = "INBOX") -> None:
        """Put messages into a mailbox, as if they had come."""
        with IMAP4("127.0.0.1", self.port) as server:
            server.login(user, PASSWORD)
            for message in messages:
                server.append(folder, "", "", bytes(message))  # type: ignore[arg-type]
