package definitions

func peopleWording(code Code) (wording, bool) {
	w, ok := map[Code]wording{
		codeUnknownRole: {Error,
			Text{En: "there is no role {0}",
				Zh: "没有角色 {0}"},
			Text{En: "add it under roles, or write { group: {0} }",
				Zh: "请在 roles 下补上，或写 { group: {0} }"}},
		codeNoAssign: {Error,
			Text{En: "{0} says nobody who is to do it",
				Zh: "{0} 没有说明由谁来做"},
			Text{En: "add assign: <role>",
				Zh: "请加上 assign: <角色>"}},
		codeRoleSource: {Error,
			Text{En: "a role finds people in exactly one way; this one says {0}",
				Zh: "角色只能用一种方式找人；此处写了 {0}"},
			Text{En: "use one of {1}",
				Zh: "请选用其一：{1}"}},
		codeRoleCycle: {Error,
			Text{En: "the role {0} is found through itself",
				Zh: "角色 {0} 要通过自身才能找到"},
			Text{En: "name a group, post or user somewhere in the circle",
				Zh: "请在循环中某处指定组、岗位或用户"}},
		codeAssigneeHere: {Error,
			Text{En: "assignee means the person who has the task: it can stand only in remind and escalate",
				Zh: "assignee 指当前办理人，只能用在 remind 和 escalate 中"},
			Text{En: "name a role",
				Zh: "请写角色"}},
		codeUnusedRole: {Hint,
			Text{En: "nobody uses the role {0}",
				Zh: "没有地方使用角色 {0}"},
			Text{En: "remove it, or assign something to it",
				Zh: "请删除，或分配任务给它"}},
	}[code]
	return w, ok
}
