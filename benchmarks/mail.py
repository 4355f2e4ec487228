"""Reading a large mailbox: so many messages from a Dovecot of this machine, by a worker that is killed on the way.

The Maildir is written straight to disk: threads of four, Chinese names, every fifth message with HTML, every twelfth
with a file, every twentieth of a list. What is here is then compared with what was there: nothing missing or double.

Runs in a process of its own (`python -m benchmarks.mail [MESSAGES [KILLS]]`), whose environment names home and
database; prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
os.environ["GUANXI_MAIL_HOSTS"] = "127.0.0.1"
django.setup()

import base64  # noqa: E402
import pwd  # noqa: E402
import random  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from email.header import Header  # noqa: E402
from email.utils import format_datetime  # noqa: E402
from functools import cache  # noqa: E402

from benchmarks.measure import Figure  # noqa: E402
from guanxi.channels.mail import actions, tasks  # noqa: E402
from guanxi.channels.mail.models import Folder, Mailbox, Message, Thread  # noqa: E402
from guanxi.customers.actions import add_contact_point, create_party  # noqa: E402
from guanxi.foundation.attachments.models import Attachment  # noqa: E402
from guanxi.foundation.models import User  # noqa: E402
from guanxi.foundation.roles import actions as roles  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402
from guanxi.ledger.models import Event  # noqa: E402
from tests.dovecot import PASSWORD, Dovecot  # noqa: E402

TARGET = 100  # messages a second
CUSTOMERS = 500
STRANGERS = 1_500  # other senders
BOX = "office@guanxi.example"
FAMILIES, GIVEN = "陳林黃張李王吳劉蔡楊", "美玲志明淑芬俊傑雅婷家豪"
BEGUN = datetime(2020, 1, 1, 8, tzinfo=UTC)
ROWS = b"code,name\n" + "".join(f"{row},茶{row}\n" for row in range(1_000)).encode()
IN_THREAD, RICH, FILED, LISTED = 4, 5, 12, 20
START, SLOWEST = 120.0, 40  # seconds for beginning, and messages a second below which it is given up


def sender_of(number: int) -> int:
    """Who wrote a message: one person a thread."""
    return number // IN_THREAD * 7919 % (CUSTOMERS + STRANGERS)


@cache
def name_of(person: int) -> str:
    """A person's name as a header holds it."""
    name = FAMILIES[person % 10] + GIVEN[person % 6 * 2 : person % 6 * 2 + 2] + str(person)
    return Header(name, "utf-8").encode()


def message(number: int) -> bytes:
    """A message as it lies on the disk."""
    person = sender_of(number)
    first = number - number % IN_THREAD
    before = [f"<{one}@bench.example>" for one in range(first, number)]
    head = [
        f"From: {name_of(person)} <person{person}@customers.example>",
        f"To: {BOX}",
        f"Subject: {Header(f'詢價 {first}', 'utf-8').encode()}",
        f"Date: {format_datetime(BEGUN + timedelta(minutes=number))}",
        f"Message-ID: <{number}@bench.example>",
        "MIME-Version: 1.0",
    ]
    if before:
        head += [f"In-Reply-To: {before[-1]}", f"References: {' '.join(before)}"]
    if number % LISTED == 0:
        head += ["List-Id: <news.bench.example>", "Precedence: list"]
    return "\n".join([*head, *_body(number), ""]).encode()


def _body(number: int) -> list[str]:
    text = f"您好，請報價第 {number} 號。\n\nKind regards\n" + "這是一段比較長的文字，說明我們的需要。\n" * 20
    plain = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text]
    if number % FILED == 0:
        encoded = base64.encodebytes(ROWS + str(number % 97).encode()).decode()
        return [
            'Content-Type: multipart/mixed; boundary="mixed"', "", "--mixed", *plain, "--mixed",
            'Content-Type: text/csv; name="list.csv"', 'Content-Disposition: attachment; filename="list.csv"',
            "Content-Transfer-Encoding: base64", "", encoded, "--mixed--",
        ]  # fmt: skip
    if number % RICH == 0:
        rich = f"<html><body><p>您好，請報價第 <b>{number}</b> 號。</p><p>{text}</p></body></html>"
        return [
            'Content-Type: multipart/alternative; boundary="both"', "", "--both", *plain, "--both",
            "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", rich, "--both--",
        ]  # fmt: skip
    return plain


def fill(server: Dovecot, user: str, count: int) -> None:
    """Write the messages into the Maildir of `user`."""
    folder = server.folder / "mail" / user
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "cur" / f"{1_577_000_000 + number}.M{number}.bench:2,S").write_bytes(message(number))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("nobody")
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def connect(server: Dovecot, user: str) -> Mailbox:
    """The mailbox of somebody who works here, and the customers who write to it."""
    owner, _made = User.objects.get_or_create(username="bench", defaults={"is_staff": True})
    roles.give_role(owner, "administrator", by=SYSTEM)
    for person in range(CUSTOMERS):
        party = create_party(name=f"客戶{person}", kind="person", by=SYSTEM)
        add_contact_point(party, "mail", f"person{person}@customers.example", by=SYSTEM)
    return actions.connect(
        by=owner, address=BOX, username=user, password=PASSWORD, imap_host="127.0.0.1", imap_port=server.port,
        imap_security="none",
    )  # fmt: skip


def worker() -> subprocess.Popen[bytes]:
    """One worker of its own, as `guanxi worker` starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "guanxi.project.cli", "worker"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def read(box: Mailbox, count: int, kills: int) -> tuple[float, int]:
    """Let workers read the mailbox, each killed somewhere on its way; the seconds that it took, and the kills."""
    chance = random.Random(7)
    marks = sorted(chance.sample(range(count // 20, count - count // 20), kills))
    tasks.enqueue(box, by=SYSTEM)
    process, killed = worker(), 0
    began = time.monotonic()
    try:
        while not _is_read(box, count):
            if marks and Message.objects.filter(mailbox=box).count() >= marks[0]:
                time.sleep(chance.random() / 2)  # anywhere within what it is doing
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                process, killed, marks = worker(), killed + 1, marks[1:]
            if time.monotonic() - began > START + count / SLOWEST:
                break
            time.sleep(0.1)
        return time.monotonic() - began, killed
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_read(box: Mailbox, count: int) -> bool:
    return Folder.objects.filter(mailbox=box, kind=Folder.Kind.INBOX, last_uid__gte=count, backlog=0).exists()


def compare(box: Mailbox, count: int) -> dict[str, int]:
    """What is missing, double or not as it should be; nothing of it if all is well."""
    here = list(Message.objects.filter(mailbox=box).values_list("message_id", flat=True))
    wanted = {f"{number}@bench.example" for number in range(count)}
    people = [number for number in range(count) if number % LISTED and sender_of(number) < CUSTOMERS]
    files = Attachment.objects.filter(object_type="mail.message").count()
    return {
        "missing": len(wanted - set(here)),
        "double": len(here) - len(set(here)),
        "events too many or too few": abs(Event.objects.filter(kind="mail.in").count() - len(people)),
        "threads too many or too few": abs(Thread.objects.count() - -(-count // IN_THREAD)),
        "files too many or too few": abs(files - -(-count // FILED)),
    }


def main(count: int = 100_000, kills: int = 5) -> None:
    """Measure and print."""
    server = Dovecot()
    try:
        fill(server, "bench", count)
        server.start()
        box = connect(server, "bench")
        seconds, killed = read(box, count, kills)
        wrong = {name: number for name, number in compare(box, count).items() if number}
    finally:
        server.stop()
    if wrong or killed < kills:
        raise SystemExit(f"After {killed} kills: {wrong}")
    name = f"{count:,} messages read, the worker killed {killed} times, none missing, none double"
    print(json.dumps([Figure(name, count / seconds, "/s", target=TARGET, higher_is_better=True).as_json()]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
