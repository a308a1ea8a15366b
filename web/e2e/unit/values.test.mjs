import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { label, nameOf, setLanguage, t, text } from "../../start/i18n.js";
import { fieldTitle, inOrder, optionTitle, readable, worthSaying } from "../../start/values.js";

globalThis.document ??= { documentElement: {} };

describe("words", () => {
  it("change with the language, and the page says so", () => {
    setLanguage("en");
    assert.equal(t("signin.button"), "Sign in");
    assert.equal(document.documentElement.lang, "en");
    setLanguage("zh");
    assert.equal(t("signin.button"), "登录");
    assert.equal(document.documentElement.lang, "zh-CN");
    setLanguage("fr");
    assert.equal(document.documentElement.lang, "zh-CN", "an unknown language is Chinese");
  });

  it("fill their places and leave unknown ones", () => {
    assert.equal(t("due.left_hour", { count: 3 }), "剩余 3 小时");
    assert.equal(t("due.left_hour"), "剩余 {count} 小时");
    assert.equal(t("no.such"), "no.such");
  });

  it("fall back to the other language", () => {
    assert.equal(text({ en: "only" }), "only");
    assert.equal(text({ zh: "中", en: "e" }), "中");
    assert.equal(text(undefined), "");
  });

  it("for names of definitions are found or made readable", () => {
    assert.equal(label("outcome", "approved"), "同意");
    assert.equal(label("outcome", "sent_to_vendor"), "sent to vendor");
    assert.equal(nameOf({ zh: "approve", en: "approve" }, "approve"), "审批");
    assert.equal(nameOf({ zh: "部门审批" }, "approve"), "部门审批");
    assert.equal(nameOf({}, "some_step"), "some step");
  });
});

describe("schemas", () => {
  const schema = { required: ["title", "room"], properties: { attendees: {}, room: {}, coffee: {}, title: { "x-title": { zh: "会议名称" } } } };

  it("put required fields first, in the order of the list", () => {
    assert.deepEqual(inOrder(schema), ["title", "room", "attendees", "coffee"]);
    assert.deepEqual(inOrder({ ...schema, "x-order": ["coffee", "gone"] }), ["coffee", "title", "room", "attendees"]);
    assert.deepEqual(inOrder(undefined), []);
  });

  it("name their fields and choices", () => {
    assert.equal(fieldTitle("title", schema.properties.title), "会议名称");
    assert.equal(fieldTitle("room", {}), "会议室");
    assert.equal(fieldTitle("car_park", {}), "car park");
    assert.equal(optionTitle("works", {}), "正常");
    assert.equal(optionTitle("v_1", { "x-enum-titles": { v_1: { zh: "一号" } } }), "一号");
  });
});

describe("summaries", () => {
  const schema = { required: ["headcount"], properties: { headcount: { default: 1 }, coffee: { default: false }, notes: {} } };

  it("say what was filled in", () => {
    const said = (name, raw) => worthSaying(name, raw, schema);
    assert.deepEqual([said("headcount", 1), said("coffee", true), said("notes", "x"), said("other", 0)], [true, true, true, true]);
    assert.deepEqual([said("coffee", false), said("notes", ""), said("notes", null), said("notes", undefined)], [false, false, false, false]);
  });

  it("name rooms and times as people do", () => {
    const rooms = new Map([["room-1", { id: "room-1", name: { zh: "一号会议室" } }]]);
    assert.match(readable("预订 room-1：2026-12-12T00:30:00Z", rooms), /^预订 一号会议室：(2026年)?12月1\d日 周. \d\d:30$/);
    assert.equal(readable("room-10 and room-1", rooms), "room-10 and 一号会议室");
    assert.equal(readable("没有什么"), "没有什么");
  });
});
