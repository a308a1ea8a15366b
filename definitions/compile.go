package definitions

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"steward/definitions/expr"
)

// registerCall finds lookup("x", …), exists("x", …) and count("x", …) in expressions.
var registerCall = regexp.MustCompile(`\b(?:lookup|exists|count)\(\s*["']([a-z][a-z0-9-]*)["']`)

// compiler turns one bundle into a Definition. Its stages run one after the other and each leaves what it could make out,
// so that one run reports the problems of all stages.
type compiler struct {
	bundle   Bundle
	registry *Registry
	problems *problems
	file     *file
	def      *Definition

	raw          map[*Node]*item // the mapping that a node was written as
	taskRaw      map[string]*item
	first        map[string]*item // first use of an id
	tasks        map[string]*TaskDefinition
	forms        map[string]*Schema
	children     map[string]*Interface
	actions      []*pendingAction
	roleItems    map[string]*item
	usedRoles    map[string]bool
	reads        map[*Node][]expr.Path
	readAnywhere []expr.Path
	loops        map[*Node]expr.Type // element type of an each
	loose        map[*Node]expr.Type // see looseType
	base         expr.Scope          // what is in scope everywhere, without outputs
	flow         *flow
	viaBlocks    map[string]bool
	called       map[string]bool         // blocks that something runs
	ended        map[string]bool         // outcomes that the process ends with somewhere
	divisors     map[string]bool         // parameters that something is divided by
	intervals    map[string]bool         // parameters that something is repeated at
	timeUses     map[string]*placeOfTime // parameters that give a time of the process
	varYields    map[string][]expr.Path  // of a var: what its value may be as it is
	paceItems    []*item                 // where the paces of the definition are written
}

// Compile checks a bundle and turns it into a Definition. It answers every problem it finds, sorted by place; the
// Definition is nil when one of them is an Error. It never panics on bad input and reads nothing but the bundle.
func Compile(b Bundle, registry *Registry) (*Definition, []Problem) {
	c := newCompiler(b, registry)
	c.file = parseText(b.Name, b.Source, c.problems)
	if c.file.root == nil {
		return nil, c.problems.sorted()
	}
	c.header(c.file.root)
	c.build(c.file.root)
	c.express(c.file.root)
	c.lint()
	list := c.problems.sorted()
	if HasErrors(list) {
		return nil, list
	}
	c.def.Source, c.def.Digest = []byte(b.Source), b.Digest()
	return c.def, list
}

func newCompiler(b Bundle, registry *Registry) *compiler {
	return &compiler{
		bundle: b, registry: registry, problems: &problems{},
		raw: map[*Node]*item{}, taskRaw: map[string]*item{}, first: map[string]*item{},
		tasks: map[string]*TaskDefinition{}, forms: map[string]*Schema{}, children: map[string]*Interface{},
		roleItems: map[string]*item{}, usedRoles: map[string]bool{}, reads: map[*Node][]expr.Path{}, loops: map[*Node]expr.Type{}, loose: map[*Node]expr.Type{},
		viaBlocks: map[string]bool{}, called: map[string]bool{}, ended: map[string]bool{},
		divisors: map[string]bool{}, intervals: map[string]bool{},
		timeUses: map[string]*placeOfTime{}, varYields: map[string][]expr.Path{},
		def: &Definition{
			Roles: map[string]*Role{}, Tables: map[string]*Table{}, Books: map[string]*Register{}, Blocks: map[string]*Node{},
			Nodes: map[string]*Node{}, Steps: map[string]*Node{}, Actions: map[string]*Action{},
		},
	}
}

// included parses a file of the bundle; nil when the bundle does not have it or it cannot be read.
func (c *compiler) included(name string) *item {
	text, ok := c.bundle.Files[name]
	if !ok {
		return nil
	}
	return parseText(name, text, c.problems).root
}

// form answers the schema of a form of the library, loading it once.
func (c *compiler) libraryForm(it *item, name string) *Schema {
	if s, ok := c.forms[name]; ok {
		return s
	}
	file := formsFolder + "/" + name + ".yaml"
	if _, ok := c.bundle.Files[file]; !ok {
		c.problems.suggest(it.at(), codeUnknownForm, name, c.available(formsFolder), name, file)
		return nil
	}
	var s *Schema
	if root := c.included(file); root != nil {
		s = c.schema(root)
	}
	c.forms[name] = s
	return s
}

// child answers the interface of a child process, nil after a problem.
func (c *compiler) child(it *item, id string) *Interface {
	if i, ok := c.children[id]; ok {
		return i
	}
	text, ok := c.bundle.Files[interfacesFolder+"/"+id+".json"]
	var i Interface
	if !ok || json.Unmarshal([]byte(text), &i) != nil || i.Process != id {
		c.problems.suggest(it.at(), codeUnknownProcess, id, c.available(interfacesFolder), id)
		return nil
	}
	c.children[id] = &i
	return &i
}

// available names the files of a folder of the bundle.
func (c *compiler) available(folder string) []string {
	var names []string
	for f := range c.bundle.Files {
		if name, ok := strings.CutPrefix(f, folder+"/"); ok {
			names = append(names, strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".json"))
		}
	}
	slices.Sort(names)
	return names
}
