// Sign in: by name and password, or as one of the demo people where the server offers them.

import { api } from "../api.js";
import { h, newId, replace } from "../dom.js";
import { t, text } from "../i18n.js";
import { once, problemBox } from "../ui.js";

/** signIn is the page for whoever is not signed in. */
export async function signIn(ctx) {
  const problem = h("div");
  const enter = (group, user, password) => once(group, async () => {
    replace(problem);
    try {
      await api.signIn(user, password);
      await ctx.signedIn();
    } catch (failure) {
      replace(problem, problemBox(failure, { retry: () => enter(group, user, password) }));
    }
  });
  const people = await demoPeople();
  ctx.show(t("signin.title"), problem, people.length > 0 && demo(people, enter), account(people.length > 0, problem, enter));
}

async function demoPeople() {
  try {
    return (await api.demoPeople()).people ?? [];
  } catch {
    return []; // the form below works without them
  }
}

function demo(people, enter) {
  const group = h("section", { class: "card" }, h("h2", {}, t("signin.demo")));
  const button = (p) => h("button", { type: "button", class: "person-button", "data-user": p.id, onclick: () => enter(group, p.id, p.password) },
    h("strong", {}, text(p.name)), h("span", { class: "quiet" }, text(p.note)));
  group.append(h("div", { class: "people" }, people.map(button)));
  return group;
}

function account(more, problem, enter) {
  const user = h("input", { id: newId("field"), name: "user", autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { id: newId("field"), name: "password", type: "password", autocomplete: "current-password" });
  const send = (event) => {
    event.preventDefault();
    if (user.value.trim() === "" || password.value === "") {
      replace(problem, h("p", { class: "problem", role: "alert" }, t("signin.missing")));
      (user.value.trim() === "" ? user : password).focus();
      return;
    }
    enter(event.target, user.value.trim(), password.value);
  };
  return h(
    "form", { class: "card", novalidate: true, onsubmit: send },
    more && h("h2", {}, t("signin.other")),
    !more && h("p", { class: "hint" }, t("signin.note")),
    h("div", { class: "field" }, h("label", { for: user.id }, t("signin.user")), user),
    h("div", { class: "field" }, h("label", { for: password.id }, t("signin.password")), password),
    h("div", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, t("signin.button"))),
  );
}
