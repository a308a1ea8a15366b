package definitions

func timeWording(code Code) (wording, bool) {
	w, ok := map[Code]wording{
		codeUnknownAnchor: {Error,
			Text{En: "there is no anchor {0}",
				Zh: "没有锚点 {0}"},
			Text{En: "anchors are: {1}; a step gives <step>.opened, .claimed and .done",
				Zh: "可用锚点：{1}；步骤提供 <步骤>.opened、.claimed、.done"}},
		codeNoDue: {Error,
			Text{En: "{0} counts from the due date, and {1} has none",
				Zh: "{0} 从截止时间起算，而 {1} 没有截止时间"},
			Text{En: "add due, or name an anchor: opened+1d",
				Zh: "请加上 due，或写明锚点：opened+1d"}},
		codeWindowHere: {Error,
			Text{En: "{0} is a window: here it must be one moment",
				Zh: "{0} 是一个时段，此处应为一个时刻"},
			Text{En: "a window a..b stands in due only",
				Zh: "时段 a..b 只能用在 due 中"}},
	}[code]
	return w, ok
}
