//! Promises between an enum and the places that must know each of its variants.
//!
//! A `match` already forces code to name every variant; these checks ask for what the compiler cannot: that a fact is
//! also met by a test, that a command is also among those printed and parsed back. A law in tests/architecture.rs reads
//! the declaring file, names the places that must know the enum, and holds [`check_every_variant`] against them.

use std::collections::BTreeSet;

use crate::scan::{Kind, Source, Violation, closing};

/// (variant, line) of `enum name` in this file; empty if the file does not declare it.
pub fn variants(source: &Source, name: &str) -> Vec<(String, usize)> {
    let tokens = &source.tokens;
    let declared = |at: &usize| tokens[*at].is("enum") && tokens[at + 1].is(name);
    let Some(start) = (0..tokens.len().saturating_sub(1)).find(declared) else { return Vec::new() };
    let Some(open) = (start..tokens.len()).find(|&at| tokens[at].is("{")) else { return Vec::new() };
    let end = closing(tokens, open);
    let mut found = Vec::new();
    let mut at = open + 1;
    while at < end {
        if tokens[at].is("#") {
            at = closing(tokens, at + 1) + 1;
            continue;
        }
        found.push((tokens[at].text.clone(), tokens[at].line));
        while at < end && !tokens[at].is(",") {
            let opens = ["(", "{", "["].iter().any(|bracket| tokens[at].is(bracket));
            at = if opens { closing(tokens, at) + 1 } else { at + 1 };
        }
        at += 1;
    }
    found
}

/// The public enums of a file whose name ends so: `ServerFact`, `RaftFact` … for `Fact`.
pub fn enums_ending_in(source: &Source, ending: &str) -> Vec<String> {
    let named = source.tokens.windows(3).filter(|window| window[0].is("pub") && window[1].is("enum"));
    named.map(|window| window[2].text.clone()).filter(|name| name.ends_with(ending)).collect()
}

/// Which code of `places` counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Only what is compiled into the page.
    Code,
    /// Only `#[cfg(test)]` code and files under tests/.
    Tests,
}

/// Every variant of `enum name`, declared in `source`, is written as `name::Variant` somewhere in `places`.
/// `duty` ends the sentence "`ServerFact::BecameLeader` is not …", `mend` says where to add it.
pub fn check_every_variant(
    source: &Source,
    name: &str,
    places: &[Source],
    among: Among,
    duty: &str,
    mend: &str,
) -> Vec<Violation> {
    let mut met = BTreeSet::new();
    for place in places {
        let is_test_file = place.path.starts_with("tests/");
        for window in place.tokens.windows(3) {
            let in_test = is_test_file || window[0].in_test;
            if in_test == (among == Among::Tests)
                && window[1].is("::")
                && window[0].is(name)
                && window[2].kind == Kind::Ident
            {
                met.insert(window[2].text.as_str());
            }
        }
    }
    variants(source, name)
        .into_iter()
        .filter(|(variant, _)| !met.contains(variant.as_str()))
        .map(|(variant, line)| Violation::at(source, line, format!("`{name}::{variant}` is not {duty}"), mend))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = "//! x
        pub enum ServerFact {
            /// doc
            Started,
            #[allow(dead_code)]
            BecameLeader { partition: Vec<(u8, u8)>, epoch: [u8; 2] },
            Moved(BTreeMap<A, B>, C),
        }";

    #[test]
    fn variants_are_read_with_their_lines() {
        let source = Source::new("src/engine/server/fact.rs", FACTS);
        let expected = [("Started", 4), ("BecameLeader", 6), ("Moved", 7)];
        assert_eq!(variants(&source, "ServerFact"), expected.map(|(name, line)| (name.to_owned(), line)));
        assert!(variants(&source, "RaftFact").is_empty());
        assert_eq!(enums_ending_in(&source, "Fact"), ["ServerFact"]);
    }

    #[test]
    fn a_variant_nobody_names_is_reported() {
        let source = Source::new("src/engine/server/fact.rs", FACTS);
        let check = |text: &str, among: Among| {
            let place = Source::new("src/view/explain/server.rs", text);
            let violations = check_every_variant(
                &source,
                "ServerFact",
                &[place],
                among,
                "explained",
                "add an arm in src/view/explain",
            );
            violations.iter().map(|violation| format!("{violation}\n")).collect::<String>()
        };
        let all =
            "match f { ServerFact::Started => a, ServerFact::BecameLeader { .. } => b, ServerFact::Moved(..) => c }";
        assert_eq!(check(all, Among::Code), "");
        assert_eq!(check(&format!("#[cfg(test)] mod t {{ fn f() {{ {all} }} }}"), Among::Tests), "");
        let broken = check(&all.replace("ServerFact::Moved", "Other::Moved"), Among::Code);
        assert_eq!(
            broken,
            "src/engine/server/fact.rs:7: `ServerFact::Moved` is not explained\n      mend: add an arm in src/view/explain\n"
        );
        assert_eq!(check(all, Among::Tests).lines().count(), 6);
    }
}
