//! Finds which modules a file refers to, however it spells them.
//!
//! `use` trees are flattened, `self::` and `super::` are resolved, paths inside expressions and macros count as much
//! as imports do, and a path through an imported or renamed module is followed to where it leads.

use std::collections::BTreeMap;

use crate::scan::{Kind, Source, Token};

/// One mention of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As written.
    pub written: Vec<String>,
    /// From the crate's root, if the path is known to lead into this crate. A glob ends in `*`.
    pub inside: Option<Vec<String>>,
    /// How many leading segments of `inside` an import of this file brought in: a law that looks no further has
    /// already spoken about that import.
    pub imported: usize,
    pub line: usize,
    pub in_test: bool,
}

pub fn references(source: &Source) -> Vec<Reference> {
    let scanned = scan(source);
    let mut bound: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mention in &scanned {
        if let (Some(name), Some(target)) = (&mention.binds, resolve(&mention.path, &mention.module)) {
            bound.insert(name.clone(), target);
        }
    }
    scanned
        .into_iter()
        .map(|mention| {
            let direct = resolve(&mention.path, &mention.module).map(|path| (path, 0));
            let (inside, imported) = direct.or_else(|| through_import(&mention, &bound)).unzip();
            let imported = imported.unwrap_or(0);
            Reference { written: mention.path, inside, imported, line: mention.line, in_test: mention.in_test }
        })
        .collect()
}

/// What `pub mod`, `pub use` and public items at the top of a module offer by name, and the lines of its `pub use …::*`.
pub fn public_names(source: &Source) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut globs) = (Vec::new(), Vec::new());
    let tokens = &source.tokens;
    let (mut at, mut depth) = (0, 0_usize);
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            _ if tokens[at].in_test => {}
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "pub" if depth == 0 && tokens.get(at + 1).is_some_and(|next| next.is("use")) => {
                let (leaves, end) = use_leaves(tokens, at + 2);
                for leaf in leaves {
                    match leaf.binds {
                        Some(name) => names.push(name),
                        None => globs.push(leaf.line),
                    }
                }
                at = end;
            }
            "pub" if depth == 0 && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Ident) => {
                names.extend(tokens.get(at + 2).map(|name| name.text.clone()));
            }
            _ => {}
        }
        at += 1;
    }
    (names, globs)
}

struct Mention {
    path: Vec<String>,
    /// The name a `use` brings into scope; `None` for globs and for paths in expressions.
    binds: Option<String>,
    /// The module around it, inline modules included.
    module: Vec<String>,
    line: usize,
    in_test: bool,
}

struct Leaf {
    path: Vec<String>,
    binds: Option<String>,
    line: usize,
}

fn scan(source: &Source) -> Vec<Mention> {
    let tokens = &source.tokens;
    let mut mentions = Vec::new();
    let mut module = source.module();
    let mut depth = 0_usize;
    let mut inline: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let next_is = |text: &str| tokens.get(at + 1).is_some_and(|next| next.is(text));
        if token.is("{") {
            depth += 1;
            if at >= 2 && tokens[at - 2].is("mod") {
                module.push(tokens[at - 1].text.clone());
                inline.push(depth);
            }
        } else if token.is("}") {
            if inline.last() == Some(&depth) {
                inline.pop();
                module.pop();
            }
            depth = depth.saturating_sub(1);
        } else if token.is("use") && !next_is("<") {
            let (leaves, end) = use_leaves(tokens, at + 1);
            mentions.extend(leaves.into_iter().map(|Leaf { path, binds, line }| Mention {
                path,
                binds,
                module: module.clone(),
                line,
                in_test: token.in_test,
            }));
            at = end;
        } else if token.kind == Kind::Ident && next_is("::") {
            // `pub(in crate::engine)` limits who may see an item; it imports nothing.
            let visibility = at >= 1 && tokens[at - 1].is("in") && at >= 2 && tokens[at - 2].is("(");
            let (path, end) = expression_path(tokens, at);
            if !visibility {
                let (line, in_test) = (token.line, token.in_test);
                mentions.push(Mention { path, binds: None, module: module.clone(), line, in_test });
            }
            at = end;
            continue;
        }
        at += 1;
    }
    mentions
}

/// `server::Broker` after `use crate::engine::server`: where it leads, and how much of that is the import's.
fn through_import(mention: &Mention, bound: &BTreeMap<String, Vec<String>>) -> Option<(Vec<String>, usize)> {
    let (head, rest) = mention.path.split_first()?;
    let target = bound.get(head).filter(|_| mention.binds.is_none())?;
    Some((target.iter().chain(rest).cloned().collect(), target.len()))
}

fn expression_path(tokens: &[Token], from: usize) -> (Vec<String>, usize) {
    let mut path = vec![tokens[from].text.clone()];
    let mut at = from + 1;
    while tokens.get(at).is_some_and(|token| token.is("::")) {
        let Some(name) = tokens.get(at + 1).filter(|token| token.kind == Kind::Ident) else { break };
        path.push(name.text.clone());
        at += 2;
    }
    (path, at)
}

/// The leaves of the `use` tree that starts at `from`, and the index of its `;`.
fn use_leaves(tokens: &[Token], from: usize) -> (Vec<Leaf>, usize) {
    let mut leaves = Vec::new();
    let end = use_tree(tokens, from, &[], &mut leaves);
    (leaves, end)
}

fn use_tree(tokens: &[Token], from: usize, prefix: &[String], leaves: &mut Vec<Leaf>) -> usize {
    let mut path = prefix.to_vec();
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        if token.is("{") {
            at += 1;
            while tokens.get(at).is_some_and(|token| !token.is("}")) {
                at = use_tree(tokens, at, &path, leaves);
                if tokens.get(at).is_some_and(|token| token.is(",")) {
                    at += 1;
                } else if tokens.get(at).is_some_and(|token| !token.is("}")) {
                    return at; // not a use tree after all: never loop on it
                }
            }
            return at + 1;
        } else if token.is("*") {
            path.push("*".to_owned());
            leaves.push(Leaf { path, binds: None, line: token.line });
            return at + 1;
        } else if token.is("::") {
            at += 1;
        } else if token.kind == Kind::Ident {
            let inner_self = token.is("self") && !path.is_empty();
            if !inner_self {
                path.push(token.text.clone());
            }
            if tokens.get(at + 1).is_some_and(|next| next.is("::")) {
                at += 2;
                continue;
            }
            let renamed = tokens.get(at + 1).is_some_and(|next| next.is("as"));
            let binds = if renamed { tokens.get(at + 2).map(|name| name.text.clone()) } else { path.last().cloned() };
            leaves.push(Leaf { path, binds, line: token.line });
            return if renamed { at + 3 } else { at + 1 };
        } else {
            return at;
        }
    }
    at
}

/// From the crate's root, if the head says so. The crate's own name is how `main.rs` reaches the library.
fn resolve(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let (head, rest) = path.split_first()?;
    match head.as_str() {
        "crate" | "kafkascope" => Some(rest.to_vec()),
        "self" => Some(module.iter().chain(rest).cloned().collect()),
        "super" => {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            let base = &module[..module.len().saturating_sub(ups)];
            Some(base.iter().chain(&path[ups..]).cloned().collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text);
        references(&source).into_iter().filter_map(|reference| reference.inside).map(|path| path.join("::")).collect()
    }

    #[test]
    fn use_trees_are_flattened() {
        let text = "use crate::{a::{self, B as C}, d::*}; pub(crate) use crate::e; use std::fmt;";
        assert_eq!(inside("src/x.rs", text), ["a", "a::B", "d::*", "e"]);
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(
            inside("src/engine/a/b.rs", "use super::super::c::D; use self::e;"),
            ["engine::c::D", "engine::a::b::e"]
        );
        assert_eq!(
            inside("src/engine/a/mod.rs", "mod t { use super::F; } use super::G;"),
            ["engine::a::F", "engine::G"]
        );
    }

    #[test]
    fn expressions_macros_and_renamed_modules_count() {
        assert_eq!(inside("src/x.rs", "fn f() { crate::a::b(1); m!(crate::c::D) }"), ["a::b", "c::D"]);
        assert_eq!(
            inside("src/x.rs", "use crate::engine as e; fn f(x: e::server::X) {}"),
            ["engine", "engine::server::X"]
        );
        assert!(inside("src/x.rs", "pub(in crate::engine) fn f() { Vec::<u8>::new(); }").is_empty());
    }

    #[test]
    fn a_module_offers_what_it_says_is_public() {
        let text =
            "mod a; pub mod b; pub use a::{C, D as E}; pub(crate) use a::F; pub struct G; impl G { pub fn h() {} }
            #[cfg(test)] pub mod i; pub use a::*;";
        let (names, globs) = public_names(&Source::new("src/engine/mod.rs", text));
        assert_eq!(names, ["b", "C", "E", "G"]);
        assert_eq!(globs, [2]);
    }
}
