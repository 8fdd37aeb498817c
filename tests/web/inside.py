"""What a phone's page holds: its store, opened from within, and the files that carry its outbox elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.web.pages import ASSETS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.handset import Handset

_WITHIN = """async ([base, ...given]) => {
  const { Store } = await import(`${base}/device/store.js`);
  const { Visits } = await import(`${base}/visits.js`);
  const { name } = (await indexedDB.databases()).find((each) => each.name.startsWith("xunji-"));
  const store = await Store.open(name);
  try {
    return await (WORK)(store, new Visits({ store }), ...given);
  } finally {
    store.close();
  }
}"""


def within(phone: Handset, work: str, *given: Any) -> Any:
    """Return what ``work``, a function of JavaScript, makes of the phone's store, its visits, and ``given``."""
    base = ASSETS.url("static/m/m.js").removesuffix("/m.js")
    return phone.page.evaluate(_WITHIN.replace("WORK", work), [base, *given])


def carry_out(phone: Handset, file: Path) -> None:
    with phone.page.expect_download() as download:
        phone.page.click("text=导出")
    download.value.save_as(file)


def carry_in(phone: Handset, file: Path) -> None:
    with phone.page.expect_file_chooser() as chooser:
        phone.page.click("text=导入")
    chooser.value.set_files(file)
