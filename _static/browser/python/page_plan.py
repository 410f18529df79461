"""Which of the cells above does a cell need? Read from the code, without running it.

A cell is needed where it binds a name that is used further down, or may change an object that is.
The reading errs on the safe side: a cell too many costs time, a cell too few gives other numbers.

>>> plan([(1, "import numpy as np"), (2, "x = [1]"), (3, "y = 2"), (4, "x.append(y)"), (5, "x")])
[2, 3, 4]
>>> plan([(1, "import numpy as np"), (2, "x = [1]"), (3, "y = 2"), (4, "x.append(y)"), (5, "y")])
[3]

An object in these pages is a pair of a name and the number of the cell that binds it.
"""

import ast
import builtins

__all__ = ["plan"]

# What these are given, they leave as it is: modules and functions, under the names they have here.
HARMLESS = {"T", "check", "itertools", "np", "plt", "theano"} | set(dir(builtins))
HARMLESS -= {"delattr", "exec", "filter", "map", "next", "setattr", "sorted"}
# Methods that change neither their object nor what they are given.
READERS = {"all", "any", "argmax", "argmin", "astype", "copy", "count", "decode", "encode"}
READERS |= {"endswith", "eval", "get", "get_value", "index", "item", "items", "join", "keys"}
READERS |= {"lower", "max", "mean", "min", "predict", "predict_proba", "reshape", "round", "split"}
READERS |= {"startswith", "std", "strip", "sum", "tolist", "transpose", "upper", "values", "var"}
# Calls whose result is new.
FRESH = {"np", "plt", "abs", "all", "any", "bool", "float", "int", "len", "max", "min", "range"}
FRESH |= {"round", "str", "sum"}
SCOPES = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class MarkLocals(ast.NodeTransformer):
    """Writes the local names of functions and comprehensions as ``.name``, unlike any other."""

    def __init__(self):
        self.local = [set()]

    def visit(self, node):
        """Mark a name that a scope around it binds; what no scope binds is of the cell."""
        if isinstance(node, SCOPES):
            inside = ast.Module(node.body, []) if isinstance(node, ast.FunctionDef) else node
            bound = names(inside, ast.Store)
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                bound |= {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
            self.local.append(self.local[-1] | bound)
            self.generic_visit(node)
            self.local.pop()
            return node
        if isinstance(node, ast.Name) and node.id in self.local[-1]:
            node.id = f".{node.id}"
        return self.generic_visit(node)


def names(node, kind=ast.Load):
    """Return the names that stand anywhere in a piece of code, read or written."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def root(node):
    """Return the name at the beginning of ``a.b[c].d(e)``, or None."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def held(node):
    """Return the names of objects that a value may hold, so that they can be changed through it.

    Numbers and new arrays hold none.
    """
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare | ast.Constant | ast.JoinedStr):
        return set()
    if isinstance(node, ast.Call):
        called = root(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else None
        if method in READERS or called in FRESH:
            return set()
    if isinstance(node, ast.Name):
        return {node.id}
    return set().union(*map(held, ast.iter_child_nodes(node)))


class Reading:
    """What a cell binds, uses and may change, in names."""

    def __init__(self, source):
        try:
            tree = MarkLocals().visit(ast.parse(source))
        except SyntaxError:  # the cell will fail by itself
            tree = ast.parse("")
        self.binds = set()
        self.uses = set()  # what other cells must have bound
        self.changes, self.calls = set(), []
        self.refers = {}  # a name -> the names in the expression that it is bound to
        self.holds = {}  # a name -> those of them that can be changed through it
        self.bodies = {}  # a function or class -> the names in its body, found when it is called
        self.effects = {}  # the same -> the names of what its body may change
        self.imports = set()
        self.constants = set()  # names of numbers and texts, which nothing can change
        self.changing = set()  # functions that may change what they are given
        for statement in tree.body:
            self.read_names(statement)
            self.read_changes(statement)
        self.binds = {name for name in self.binds if not name.startswith(".")}

    def read_names(self, statement):
        """Enter what a statement uses and binds; the parts of loops one after the other."""
        if isinstance(statement, ast.For | ast.While | ast.With):
            for part in ast.iter_child_nodes(statement):
                if not isinstance(part, ast.stmt):
                    self.uses |= names(part) - self.binds
            for part in ast.iter_child_nodes(statement):
                if isinstance(part, ast.stmt):
                    self.read_names(part)
                else:
                    self.binds |= names(part, ast.Store)
            return
        self.uses |= names(statement) - self.binds
        bound = names(statement, ast.Store)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            bound = {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
            self.imports |= bound
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            bound = {statement.name}
            self.bodies[statement.name] = names(statement)
        elif isinstance(statement, ast.If | ast.Try | ast.AugAssign):
            self.uses |= bound - self.binds  # perhaps it binds nothing: the earlier value counts
        self.binds |= bound

    def read_changes(self, statement):
        """Enter what a statement at the top of the cell may change, and what its names hold."""
        outside = self.changes, self.calls
        self.changes, self.calls = set(), []
        for node in ast.walk(statement):
            self.read_reference(node)
            self.read_change(node)
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):  # it changes them when called
            found = self.changes.union(*(given for _, given in self.calls))
            if any(name.startswith(".") for name in found):
                self.changing.add(statement.name)
            self.effects[statement.name] = found
            self.changes, self.calls = outside
        else:
            self.changes, self.calls = self.changes | outside[0], self.calls + outside[1]

    def read_reference(self, node):
        """Enter what the names on the left of a binding may refer to: all names on the right."""
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.For):
            targets, value = [node.target], node.iter
        elif isinstance(node, ast.withitem):
            targets, value = [node.optional_vars], node.context_expr
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            targets, value = [node.target], node.value
        else:
            return
        if isinstance(value, ast.Constant):
            self.constants |= set().union(*(names(target, ast.Store) for target in targets))
        for target in targets:
            for name in (names(target, ast.Store) | {root(target)}) if target and value else ():
                self.refers[name] = self.refers.get(name, set()) | names(value)
                self.holds[name] = self.holds.get(name, set()) | held(value)

    def read_change(self, node):
        """Enter what a node may change: by assignment into it, or by a call."""
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self.changes.add(root(node))
        elif isinstance(node, ast.AugAssign):
            self.changes.add(root(node.target))
        elif isinstance(node, ast.Call):
            called = root(node.func)
            method = node.func.attr if isinstance(node.func, ast.Attribute) else None
            if called not in HARMLESS and method not in READERS:
                self.changes.add(called)
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                self.calls.append((called, set().union(*map(names, given))))
        self.changes.discard(None)


class Page:
    """The objects of a page: which cell binds, needs and may change which."""

    def __init__(self, readings):
        self.refers, self.holds, self.bodies, self.effects = {}, {}, {}, {}
        self.binds, self.needs, self.changes = [], [], []
        fixed = HARMLESS.union(*(reading.imports | reading.constants for reading in readings))
        stateful = set().union(*(reading.changes for reading in readings))
        changing = set().union(*(reading.changing for reading in readings))
        drawing = {"plt"}
        here = {}  # a name -> the object that it is in this cell
        for k, reading in enumerate(readings):
            before = dict(here)
            here |= {name: (name, k) for name in reading.binds}
            drawing |= {name for name, others in reading.refers.items() if "plt" in others}
            for links, read, without in (
                (self.refers, reading.refers, HARMLESS),
                (self.holds, reading.holds, fixed),
            ):
                for name in read.keys() & here.keys():
                    pairs = [(scope, n) for scope in (before, here) for n in read[name] - without]
                    found = {scope[n] for scope, n in pairs if n in scope}
                    links.setdefault(here[name], set()).update(found)
            for name, others in reading.bodies.items():
                self.bodies[here[name]] = others - HARMLESS
                self.effects[here[name]] = reading.effects[name] - fixed
            touched = reading.changes - drawing - fixed
            for called, given in reading.calls:
                if called not in drawing:
                    touched |= given if called in changing else given & stateful
            early = {before[name] for name in reading.uses if name in before}
            late = {here[name] for name in touched if name in here}
            late |= {before[name] for name in touched & reading.uses if name in before}
            self.binds.append({here[name] for name in reading.binds})
            self.needs.append(reach(early, before, self.refers, self.bodies))
            self.changes.append(reach(late, here, self.holds, self.effects))


def reach(start, scope, links, bodies):
    """Return the objects that some objects lead to, themselves among them.

    What stands in the ``bodies`` of functions is found when they are called: in ``scope``.
    """
    found, todo = set(), list(start)
    while todo:
        thing = todo.pop()
        if thing not in found:
            found.add(thing)
            todo += links.get(thing, ())
            todo += [scope[name] for name in bodies.get(thing, ()) if name in scope]
    return found


def plan(cells):
    """Return the numbers of the cells that the last one needs, in order.

    ``cells`` holds pairs of a number and a source, in the order of the page.
    """
    page = Page([Reading(source) for _, source in cells])
    wanted, needed = set(page.needs[-1]), []
    for k in range(len(cells) - 2, -1, -1):
        if (page.binds[k] | page.changes[k]) & wanted:
            needed.append(cells[k][0])
            wanted |= page.needs[k]
    return needed[::-1]
