"""What one cell does to the names of the notebook."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_nb.dataflow.names import Event, Walker
from mlops_nb.dataflow.scopes import nodes_of

_BUILTINS = frozenset(dir(builtins))
# Calls whose effect is global to a library: what comes after depends on them.
_SEEDS = frozenset(
    {"seed", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed", "seed_everything"}
)
# Calls made for what they show; they leave their arguments as they are.
_SHOWS = frozenset({"print", "display", "len", "help", "pprint", "type", "repr"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """The names of one cell.

    Parameters
    ----------
    defines : frozenset of str
        Names bound at the top level, by functions through ``global`` as well.
    binds : frozenset of str
        Those of `defines` bound whenever the cell runs.
    uses : frozenset of str
        Names read at the top level before the cell itself binds them.
    deferred : mapping of str to frozenset of str
        Function or class → the names its body reads when it is called; ``""`` → the names that
        lambdas and annotations read.
    deletes : frozenset of str
        Names deleted at the top level.
    mutates : frozenset of str
        Names whose objects the cell may change in place (``x[0] = 1``, ``x.append(1)``, ``f(x)``).
    imports : frozenset of str
        Those of `defines` bound by an import.
    seeds : bool
        The cell seeds a random generator of a library.
    stars : tuple of str
        Modules imported with a star: they bind nobody knows what.
    events : tuple of Event
        All that happens at the top level, in order.
    later : mapping of str to tuple of Event
        The same for each function and class, when it is called.
    configures : frozenset of str
        Names on which an option is set: ``pd.set_option(…)``, ``pd.options.a = 1``.
    """

    defines: frozenset[str]
    binds: frozenset[str]
    uses: frozenset[str]
    deferred: Mapping[str, frozenset[str]]
    deletes: frozenset[str]
    mutates: frozenset[str]
    imports: frozenset[str]
    seeds: bool
    stars: tuple[str, ...]
    events: tuple[Event, ...]
    later: Mapping[str, tuple[Event, ...]]
    configures: frozenset[str] = frozenset()


def facts(tree: ast.Module, *, effects: bool = True) -> CellFacts:
    """Return what running the cell does to names.

    Parameters
    ----------
    tree : ast.Module
        The cell's Python, magics already neutralised.
    effects : bool
        False leaves `mutates`, `configures`, `seeds` and `deferred` empty, which only slices need.

    Returns
    -------
    CellFacts
        Built-in names are left out of `uses` and `deferred`, not out of `events`.
    """
    walker = Walker()
    walker.visit(tree)
    bound: set[str] = set()
    uses: set[str] = set()
    for event in walker.events:
        if event.kind == "read" and event.name not in bound:
            uses.add(event.name)
        elif event.kind == "bind" and event.certain:
            bound.add(event.name)
    binds = [event for event in walker.events if event.kind == "bind"]
    nodes = nodes_of(tree) if effects else []
    return CellFacts(
        defines=frozenset([event.name for event in binds]),
        binds=frozenset(bound),
        uses=frozenset(uses - _BUILTINS),
        deferred={
            name: frozenset(e.name for e in events if e.kind == "read") - _BUILTINS
            for name, events in walker.deferred.items()
        }
        if effects
        else {},
        deletes=frozenset([e.name for e in walker.events if e.kind == "delete"]),
        mutates=frozenset(_changed(nodes)) - _BUILTINS,
        imports=frozenset([event.name for event in binds if event.imported]),
        seeds=any(_is_seed(node) for node in nodes),
        stars=tuple([e.name for e in walker.events if e.kind == "star"]),
        events=tuple(walker.events),
        later={name: tuple(events) for name, events in walker.deferred.items()},
        configures=frozenset(_configured(nodes)),
    )


def _changed(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                yield from _root(node)
            case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(ast.Call() as call)):
                yield from _changed_by(call)
            case ast.Call(func=ast.Attribute(attr="fit" | "fit_transform" | "partial_fit")):
                yield from _root(node.func)
            case ast.keyword(arg="inplace" | "out", value=value):
                yield from _root(value)


def _configured(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the objects on which an option is set; of interest where they are modules."""
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attr) as called)):
                if attr.startswith("set"):
                    yield from _root(called)
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                yield from _root(node)


def _changed_by(call: ast.Call) -> Iterator[str]:
    """Yield what a call whose value nobody takes may change: it was made for its effect."""
    if isinstance(call.func, ast.Attribute):
        yield from _root(call.func)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else None
    if isinstance(call.func, ast.Name) and call.func.id not in _SHOWS:
        name = call.func.id
    if name:
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(argument, ast.Name):
                yield argument.id


def _root(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def _is_seed(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
    return name in _SEEDS
