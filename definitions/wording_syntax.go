package definitions

func syntaxWording(code Code) (wording, bool) {
	w, ok := map[Code]wording{
		codeSyntaxYAML: {Error,
			Text{En: "this is no YAML that can be read: {0}",
				Zh: "这不是可读取的 YAML：{0}"},
			Text{En: "mend the text at this place; quote a text that contains `: ` or `#`",
				Zh: "请修正此处；含有 `: ` 或 `#` 的文本要加引号"}},
		codeSyntaxEncoding: {Error,
			Text{En: "the file is not UTF-8 text",
				Zh: "文件不是 UTF-8 文本"},
			Text{En: "save it as UTF-8 without NUL characters",
				Zh: "请另存为不含 NUL 字符的 UTF-8"}},
		codeSyntaxTab: {Error,
			Text{En: "a tab indents this line",
				Zh: "此行用制表符缩进"},
			Text{En: "indent with spaces, two a level",
				Zh: "请用空格缩进，每层两个"}},
		codeSyntaxDuplicateKey: {Error,
			Text{En: "the key {0} is written twice",
				Zh: "键 {0} 写了两次"},
			Text{En: "keep one of the two; the other would silently win",
				Zh: "只保留一个，否则另一个会悄悄生效"}},
		codeSyntaxAnchor: {Error,
			Text{En: "{0}: anchors, aliases, merge keys, tags, directives and complex keys are not part of the language",
				Zh: "{0}：语言中不使用锚点、别名、合并键、标签、指令和复合键"},
			Text{En: "write the value out, or make it a block or a task that is used by name",
				Zh: "请写出完整的值，或做成可按名引用的块或任务"}},
		codeSyntaxTooLarge: {Error,
			Text{En: "the file has {0}, the limit is {1}",
				Zh: "文件有{0}，上限为{1}"},
			Text{En: "split the process: blocks into child processes, forms into forms/<name>.yaml",
				Zh: "请拆分流程：把块做成子流程，把表单放进 forms/<name>.yaml"}},
	}[code]
	return w, ok
}
