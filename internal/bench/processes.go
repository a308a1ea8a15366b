package bench

import (
	"fmt"
	"strings"

	"steward/definitions"
)

// Ids of the definitions that the measurements run.
const (
	approvalProcess = "bench_approval"
	chainProcess    = "bench_chain"
	timerProcess    = "bench_timer"
)

// approvalSource is start, task, approval, end, with a due time for each wait.
const approvalSource = `process: bench_approval
name: { zh: 请假, en: Leave }
domain: office
outcomes: [granted, refused]
input:
  type: object
  required: [days]
  properties: { days: { type: integer, minimum: 1, x-title: { zh: 天数, en: Days } } }
roles:
  asker: { starter: true }
  leader: { leader-of: starter }
steps:
  - { id: plan, name: { zh: 计划, en: Plan }, uses: task, assign: asker, due: +1d }
  - { id: approve, name: { zh: 批准, en: Approve }, uses: approval, assign: leader, due: +2d,
      on: { rejected: { end: refused }, returned: { goto: plan } } }
  - { end: granted }
`

// timerSource waits for a given moment and ends.
const timerSource = `process: bench_timer
name: { zh: 等候, en: Wait }
domain: office
outcomes: [passed]
input:
  type: object
  required: [at]
  properties: { at: { type: string, format: date-time, x-title: { zh: 时刻, en: Moment } } }
steps:
  - { id: hold, name: { zh: 等候, en: Hold }, uses: wait, with: { until: =input.at } }
  - { end: passed }
`

// chainSource is a process of many tasks of its starter, one after another, each with a due time.
func chainSource(id string, steps int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "process: %s\nname: { zh: 多步, en: Chain }\ndomain: office\noutcomes: [done]\nroles:\n  asker: { starter: true }\nsteps:\n", id)
	for n := range steps {
		fmt.Fprintf(&b, "  - { id: s%d, name: { zh: 第%d步, en: Step %d }, uses: task, assign: asker, due: +%dh }\n", n, n, n, n+1)
	}
	b.WriteString("  - { end: done }\n")
	return b.String()
}

// longSource is a process of so many steps, by turns a wait and a task with due time and reminder, spread over so many days.
func longSource(steps, days int) string {
	var b strings.Builder
	b.WriteString("process: bench_long\nname: { zh: 长流程, en: Long }\ndomain: office\noutcomes: [done]\nroles:\n  asker: { starter: true }\nsteps:\n")
	wait := days * 24 * 60 / (steps / 2)
	for n := range steps / 2 {
		fmt.Fprintf(&b, "  - { id: w%d, name: { zh: 等%d, en: Wait %d }, uses: wait, with: { until: +%dm } }\n", n, n, n, wait)
		fmt.Fprintf(&b, "  - { id: t%d, name: { zh: 做%d, en: Do %d }, uses: task, assign: asker, due: +1wd, remind: [-1wh] }\n", n, n, n)
	}
	b.WriteString("  - { end: done }\n")
	return b.String()
}

// bundle wraps a definition that needs no other file.
func bundle(source string) definitions.Bundle {
	return definitions.Bundle{Name: "bench.yaml", Source: source, Files: map[string]string{}}
}
