// A list that is read page by page. News is announced and never moves what somebody is about to press.

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { empty, once, problemBox } from "../ui.js";

const pageSize = 20;
const mostEmpty = 10; // pages of a search on which nothing was found before somebody is asked whether to go on

/**
 * KeysetList draws a list. load({ cursor, limit }) reads a page, row(item) draws an entry, version(item) changes when the
 * entry does, and nothing is said when there is none.
 */
export class KeysetList {
  constructor({ load, row, version, nothing }) {
    Object.assign(this, { load, row, version, nothing, items: [], next: undefined });
    this.news = h("div", { class: "news", "aria-live": "polite" });
    this.list = h("ul", { class: "list-rows" });
    this.foot = h("div", { class: "buttons" });
    this.element = h("div", {}, this.news, this.list, this.foot);
  }

  /** begin reads the first page and shows it. */
  async begin() {
    const page = await this.page();
    this.items = page.items;
    this.next = page.nextCursor;
    this.draw();
  }

  /** page reads from a cursor on, past pages on which nothing was found but after which there may be more. */
  async page(cursor) {
    let page = await this.load({ limit: pageSize, ...(cursor ? { cursor } : {}) });
    for (let empty = 1; page.items.length === 0 && page.nextCursor && empty < mostEmpty; empty++) {
      page = await this.load({ limit: pageSize, cursor: page.nextCursor });
    }
    return page;
  }

  draw() {
    replace(this.news);
    replace(this.list, this.items.map((item) => h("li", {}, this.row(item))));
    this.list.hidden = this.items.length === 0;
    replace(this.foot, this.items.length === 0 && !this.next && empty(this.nothing), this.next && this.moreButton());
  }

  moreButton() {
    return h("button", { type: "button", onclick: () => once(this.foot, () => this.more()) }, t("app.more"));
  }

  async more() {
    try {
      const page = await this.page(this.next);
      const first = this.items.length;
      this.items = [...this.items, ...page.items];
      this.next = page.nextCursor;
      this.list.append(...page.items.map((item) => h("li", {}, this.row(item))));
      this.list.hidden = this.items.length === 0;
      replace(this.foot, this.items.length === 0 && !this.next && empty(this.nothing), this.next && this.moreButton());
      this.list.children[first]?.querySelector("a, button")?.focus();
    } catch (problem) {
      replace(this.foot, problemBox(problem, { retry: () => this.more() }));
    }
  }

  /** refresh looks for news. An empty list shows it at once; otherwise a button does when it is pressed. */
  async refresh() {
    const page = await this.page();
    const before = this.versions(this.items.slice(0, pageSize));
    const after = this.versions(page.items);
    if (before.join() === after.join()) {
      replace(this.news);
      return;
    }
    if (this.items.length === 0) {
      await this.begin();
      return;
    }
    this.announce(page.items.filter((item) => !this.items.some((old) => old.id === item.id)).length);
  }

  versions(items) {
    return items.map((item) => `${item.id} ${this.version(item)}`);
  }

  announce(added) {
    const words = added > 0 ? t("app.changed_new", { count: added }) : t("app.changed");
    if (this.news.textContent !== words) {
      replace(this.news, h("button", { type: "button", class: "pill", onclick: () => this.begin() }, words));
    }
  }
}
