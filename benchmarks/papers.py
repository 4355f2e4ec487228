"""How long a quote of fifty lines takes as PDF, in English and in Chinese.

Runs in a process of its own (`python -m benchmarks.papers [processor]`), whose environment names home and database;
makes the two quotes where there are none, measures, and prints JSON; `guanxi bench` does it too.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
django.setup()

from benchmarks.measure import Figure, percentile  # noqa: E402
from guanxi.catalog import actions as catalog  # noqa: E402
from guanxi.catalog.models import Product  # noqa: E402
from guanxi.customers import actions as customers  # noqa: E402
from guanxi.foundation.visibility import SYSTEM  # noqa: E402
from guanxi.orders.quotes import actions, document  # noqa: E402
from guanxi.orders.quotes.models import Quote  # noqa: E402

LINES, TIMES, MOST = 50, 20, 500  # ms, the 95th percentile
SUBJECT = "Fifty lines, to be measured"
WORDS = {
    "en": "Linear guide rail hardened length bearing servo motor gear box sensor module cable shielded filter".split(),
    "zh-hant": list(
        "不鏽鋼軸承高速伺服馬達控制器壓力感測模組工業用線性滑軌齒輪減速機電源供應散熱風扇防水連接測試治具真空幫浦過濾網"
    ),
}
CLOCK = time.process_time if "processor" in sys.argv else time.perf_counter


def main() -> None:
    """Make the quotes, measure, and print the figures as one JSON list."""
    figures = []
    for language, words in WORDS.items():
        quote = Quote.objects.filter(subject=SUBJECT, language=language).first() or _made(language, words)
        taken = percentile(lambda _index, quote=quote: document.pdf_of(quote), TIMES, clock=CLOCK)  # type: ignore[misc]
        name = f"PDF of a quote of {LINES} lines, {'English' if language == 'en' else 'Chinese'}, p95"
        figures.append(Figure(name, taken, "ms", target=MOST).as_json())
    json.dump(figures, sys.stdout)


def _made(language: str, words: list[str]) -> Quote:
    """A quote of products with names of their own, prices and discounts; the same at every run."""
    chooser = random.Random(language)
    between = " " if language == "en" else ""
    lines = []
    for number in range(LINES):
        code = f"paper-{language}-{number}"
        name = between.join(chooser.choices(words, k=5 if between else 12))
        price = Decimal(chooser.randrange(100, 500_000)) / 100
        product = Product.objects.filter(code=code).first() or catalog.create_product(
            code=code, name=name, price=price, by=SYSTEM
        )
        lines.append(
            actions.Draft(product, quantity=Decimal(chooser.randrange(1, 60)), discount_percent=Decimal(number % 4))
        )
    party = customers.create_party(name="Fifty lines", kind="organisation", city="Taipei", by=SYSTEM)
    return actions.create_quote(party, lines, by=SYSTEM, language=language, subject=SUBJECT)


if __name__ == "__main__":
    main()
