"""The same message by Jinja2 and Python's email package. Prints the CPU time of a message."""

import json
import pathlib
import platform
import statistics
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP

import jinja2

BATCHES, MESSAGES = 51, 10
here = pathlib.Path(__file__).parent
data = json.loads((here / "data.json").read_text())
data["given"]["unsubscribe_url"] = sys.argv[1]
way_out = data["given"]["unsubscribe_url"]

plain = jinja2.Environment(keep_trailing_newline=True)
escaping = jinja2.Environment(keep_trailing_newline=True, autoescape=True)
subject = plain.from_string(data["subject"])
text = plain.from_string((here / "mail.txt").read_text())
html = escaping.from_string((here / "mail.html").read_text())


def message():
    context = {"profile": data["profile"], "given": data["given"]}
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Mill & Lane <news@shop.example>"
    mail["To"] = "Beatriz Álvares <beatriz@example.com>"
    mail["Subject"] = subject.render(context)
    mail["Date"] = "Sun, 01 Mar 2026 09:00:00 +0000"
    mail["Message-ID"] = "<m-1@shop.example>"
    mail["List-Unsubscribe"] = f"<{way_out}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["List-ID"] = "<news.shop.example>"
    mail["Feedback-ID"] = "spring:news:mill-lane"
    mail.set_content(text.render(context))
    mail.add_alternative(html.render(context), subtype="html")
    return mail.as_bytes()


assert b"Chair No. 4" in message()
times = []
for _ in range(BATCHES):
    start = time.process_time()
    for _ in range(MESSAGES):
        message()
    times.append((time.process_time() - start) / MESSAGES * 1e6)
name = f"Jinja2 {jinja2.__version__} + email, Python {platform.python_version()}"
print(json.dumps({"name": name, "micros": statistics.median(times), "bytes": len(message())}))
