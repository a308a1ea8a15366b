import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as time from "../../start/time.js";

const now = new Date("2026-11-21T06:30:00Z");
const shanghai = { now, timeZone: "Asia/Shanghai" };

describe("moments in words", () => {
  const cases = [
    ["2026-11-21T06:30:00Z", "zh", "11月21日 周六 14:30"],
    ["2026-11-21T06:30:00Z", "en", "Sat, Nov 21, 14:30"],
    ["2026-11-21T15:59:59Z", "zh", "11月21日 周六 23:59"],
    ["2026-11-21T16:00:00Z", "zh", "11月22日 周日 00:00"],
    ["2027-01-03T01:05:00Z", "zh", "2027年1月3日 周日 09:05"],
    ["2027-01-03T01:05:00Z", "en", "Sun, Jan 3, 2027, 09:05"],
    ["2026-12-31T16:00:00Z", "zh", "2027年1月1日 周五 00:00"],
    ["0001-01-01T00:00:00Z", "zh", ""],
    ["no time", "en", ""],
    [undefined, "zh", ""],
  ];
  for (const [value, lang, want] of cases) {
    it(`${value} in ${lang}`, () => assert.equal(time.formatTime(value, lang, shanghai), want));
  }

  it("names the day of a span once", () => {
    assert.equal(time.formatSpan("2026-11-21T06:30:00Z", "2026-11-21T08:00:00Z", "zh", shanghai), "11月21日 周六 14:30 – 16:00");
    assert.equal(time.formatSpan("2026-11-21T15:00:00Z", "2026-11-21T17:00:00Z", "zh", shanghai), "11月21日 周六 23:00 – 11月22日 周日 01:00");
  });
});

describe("deadlines", () => {
  const minutes = 60_000;
  const cases = [
    [-1, { level: "late", count: 1, unit: "minute" }],
    [-5 * 60 * minutes, { level: "late", count: 5, unit: "hour" }],
    [-72 * 60 * minutes, { level: "late", count: 3, unit: "day" }],
    [0, { level: "soon", count: 1, unit: "minute" }],
    [59 * minutes, { level: "soon", count: 59, unit: "minute" }],
    [60 * minutes, { level: "soon", count: 1, unit: "hour" }],
    [120 * minutes, { level: "soon", count: 2, unit: "hour" }],
    [121 * minutes, { level: "ok", count: 2, unit: "hour" }],
    [47 * 60 * minutes, { level: "ok", count: 47, unit: "hour" }],
    [48 * 60 * minutes, { level: "ok", count: 2, unit: "day" }],
  ];
  for (const [left, want] of cases) {
    it(`${left / minutes} minutes away`, () => assert.deepEqual(time.dueState(new Date(now.getTime() + left).toISOString(), now), want));
  }

  it("is none without a time", () => assert.equal(time.dueState(undefined, now), null));
});

describe("local times", () => {
  it("go with the browser's offset and come back as they were", () => {
    for (const local of ["2026-11-21T14:30", "2026-01-01T00:00", "2026-07-15T23:59"]) {
      const sent = time.withOffset(local);
      assert.match(sent, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00[+-]\d\d:\d\d$/);
      assert.equal(new Date(sent).getTime(), new Date(local).getTime());
      assert.equal(time.localValue(sent), local);
    }
  });

  it("write every kind of offset", () => {
    assert.deepEqual([480, 0, -300, 345].map(time.offsetOf), ["+08:00", "+00:00", "-05:00", "+05:45"]);
  });

  it("are none when nothing sensible was entered", () => {
    assert.deepEqual([time.withOffset(""), time.withOffset("x"), time.localValue(""), time.localValue(undefined)], ["", "", "", ""]);
  });
});

describe("the house's zone", () => {
  const zones = [
    ["Asia/Shanghai", "2026-11-21T14:30", "2026-11-21T14:30:00+08:00", "2026-11-20T16:00:00.000Z", 24],
    ["America/New_York", "2026-11-01T14:30", "2026-11-01T14:30:00-05:00", "2026-11-01T04:00:00.000Z", 25],
    ["America/New_York", "2026-03-08T09:15", "2026-03-08T09:15:00-04:00", "2026-03-08T05:00:00.000Z", 23],
    ["Asia/Kolkata", "2026-11-21T00:00", "2026-11-21T00:00:00+05:30", "2026-11-20T18:30:00.000Z", 24],
  ];
  for (const [timeZone, local, sent, midnight, hours] of zones) {
    it(`is that of what is entered and shown: ${timeZone} ${local}`, () => {
      assert.equal(time.withOffset(local, { timeZone }), sent);
      assert.equal(time.localValue(sent, { timeZone }), local);
      const { from, to } = time.dayRange(local.slice(0, 10), { timeZone });
      assert.equal(from.toISOString(), midnight);
      assert.equal(time.dateValue(from, { timeZone }), local.slice(0, 10));
      assert.equal((to - from) / 3_600_000, hours, "days on which clocks change have another length");
    });
  }

  it("counts for everything once it is set, and is named where the browser has another one", () => {
    time.setZone("Asia/Shanghai");
    assert.equal(time.formatTime("2026-11-21T16:00:00Z", "zh", { now }), "11月22日 周日 00:00");
    assert.equal(time.withOffset("2026-11-22T00:00"), "2026-11-22T00:00:00+08:00");
    assert.equal(time.foreignZone("Europe/Berlin"), "Asia/Shanghai");
    assert.equal(time.foreignZone("Asia/Shanghai"), "");
    time.setZone("No/Where");
    assert.equal(time.foreignZone("Europe/Berlin"), "", "an unknown zone leaves the browser's");
  });
});

describe("days", () => {
  it("run from midnight to midnight", () => {
    const { from, to } = time.dayRange("2026-11-21");
    assert.deepEqual([time.dateValue(from), time.dateValue(to)], ["2026-11-21", "2026-11-22"]);
  });

  it("step over months and years", () => {
    assert.equal(time.addDays("2026-12-31", 1), "2027-01-01");
    assert.equal(time.addDays("2028-03-01", -1), "2028-02-29");
  });

  it("that do not exist are none", () => {
    for (const value of ["2026-02-30", "2026-13-01", "today", "", "2026-1-1"]) {
      assert.equal(time.dayRange(value), null, value);
    }
  });
});
