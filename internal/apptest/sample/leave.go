package sample

// Leave is the shortest process with all that most tests need: an input with a rule, a task of its starter, an approval with a
// due time by a group that the starter is not in, a way back and two outcomes. The starter plans, the meeting office decides.
const Leave = `process: leave
name: { zh: 请假, en: Leave }
domain: office
outcomes: [granted, refused]
input:
  type: object
  required: [days]
  properties: { days: { type: integer, minimum: 1, x-title: { zh: 天数, en: Days } } }
roles:
  asker: { starter: true }
  office: { group: meeting-office }
steps:
  - { id: plan, name: { zh: 计划, en: Plan }, uses: task, assign: asker }
  - { id: approve, name: { zh: 批准, en: Approve }, uses: approval, assign: office, due: +1wd,
      on: { rejected: { end: refused }, returned: { goto: plan } } }
  - { end: granted }
`
