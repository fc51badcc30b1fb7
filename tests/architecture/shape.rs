//! The shape of files: a head that says why, a bearable length, no silent panics, and a tidy top of the tree.

use crate::scan::{Kind, Source, Violation};

const LONGEST_LINES: usize = 700;
const LONGEST_MAIN_LINES: usize = 40;
const LONG_BECAUSE: &str = "//! Long because";

const TOP_LEVEL: [&str; 21] = [
    ".ci",
    ".git",
    ".gitignore",
    ".tools",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "Trunk.toml",
    "benches",
    "clippy.toml",
    "dev",
    "dist",
    "index.html",
    "rustfmt.toml",
    "src",
    "static",
    "target",
];

/// Every file opens with `//!`.
pub fn check_head(source: &Source) -> Vec<Violation> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty()) {
        return Vec::new();
    }
    let mend = "open with `//!` and say in a sentence or two why the file exists and what holds in it";
    vec![Violation::at(source, 1, "no head doc", mend)]
}

/// Up to 700 lines; more only with a reason at the head. `main.rs` only chooses what to run.
pub fn check_length(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().count();
    if source.path == "src/main.rs" && lines > LONGEST_MAIN_LINES {
        let mend = "move the work into src/cli.rs or src/app and keep only the choice between them";
        let what = format!("{lines} lines, {LONGEST_MAIN_LINES} are allowed here");
        return vec![Violation::at(source, lines, what, mend)];
    }
    let mut head = source.text.lines().take_while(|line| line.starts_with("//!"));
    let excused = head.any(|line| line.strip_prefix(LONG_BECAUSE).is_some_and(|reason| !reason.trim().is_empty()));
    if lines <= LONGEST_LINES || excused {
        return Vec::new();
    }
    let mend = format!("split it along its headings, or give a reason in the head: `{LONG_BECAUSE} …`");
    vec![Violation::at(source, lines, format!("{lines} lines, {LONGEST_LINES} are bearable"), mend)]
}

/// No `unwrap()` outside tests, and an `expect` that states the invariant.
pub fn check_panics(source: &Source) -> Vec<Violation> {
    let tokens = source.code();
    let mut violations = Vec::new();
    for window in tokens.windows(4) {
        let called = window[0].is(".") && window[2].is("(");
        let named = window[0].is("::") && !window[2].is("::");
        if (called || named) && window[1].is("unwrap") {
            let mend = "return the error, match on it, or `expect` with the invariant that rules it out";
            violations.push(Violation::at(source, window[1].line, "`unwrap` outside tests", mend));
        }
        if called && window[1].is("expect") && window[3].kind == Kind::Str && window[3].text.trim().is_empty() {
            let mend = "state the invariant: `expect(\"the index was checked above\")`";
            violations.push(Violation::at(source, window[1].line, "`expect` that says nothing", mend));
        }
    }
    violations
}

/// Only what belongs at the top of the repository. Entries that git ignores (target, dist, .tools) are allowed.
pub fn check_top_level<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<Violation> {
    entries
        .into_iter()
        .filter(|entry| *entry != "tests" && !TOP_LEVEL.contains(entry))
        .map(|entry| Violation {
            path: entry.to_owned(),
            line: 1,
            what: "does not belong at the top of the repository".to_owned(),
            mend: "move it below src, static, tests, benches or .ci, or into README.md".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(violations: &[Violation]) -> String {
        violations.iter().map(|violation| format!("{violation}\n")).collect()
    }

    #[test]
    fn a_file_says_why_it_exists() {
        let head = |text: &str| messages(&check_head(&Source::new("src/a.rs", text)));
        assert_eq!(head("//! Why.\nfn f() {}"), "");
        for bad in ["", "//!\nfn f() {}", "// Why.", "\n//! Why.", "use a::b;\n//! Why."] {
            assert!(head(bad).starts_with("src/a.rs:1: no head doc\n      mend: open with `//!`"), "{bad:?}");
        }
    }

    #[test]
    fn a_file_is_bearable_or_says_why_not() {
        let length = |path: &str, head: &str, lines: usize| {
            messages(&check_length(&Source::new(path, &format!("{head}\n{}", "\n".repeat(lines - 1)))))
        };
        assert_eq!(length("src/a.rs", "//! Why.", 700), "");
        assert!(length("src/a.rs", "//! Why.", 701).contains("src/a.rs:701: 701 lines, 700 are bearable"));
        assert_eq!(length("src/a.rs", "//! Why.\n//! Long because it is one table.", 900), "");
        assert!(length("src/a.rs", "//! Why.\n//! Long because", 900).contains("give a reason"));
        assert!(length("src/a.rs", "//! Why.\n\n//! Long because it is late.", 900).contains("give a reason"));
        assert_eq!(length("src/main.rs", "//! Why.", 40), "");
        assert!(length("src/main.rs", "//! Why.", 41).contains("41 lines, 40 are allowed here"));
    }

    #[test]
    fn panics_say_which_invariant_broke() {
        let panics = |text: &str| messages(&check_panics(&Source::new("src/a.rs", text)));
        assert_eq!(panics("x.unwrap_or(1); x.expect(\"checked above\"); fn unwrap() {} x.expect(&why);"), "");
        assert_eq!(panics("// x.unwrap()\n#[test] fn t() { x.unwrap(); x.expect(\"\"); }"), "");
        let broken = panics("//! x\nfn f() { x\n.unwrap() ; }");
        assert!(broken.contains("src/a.rs:3: `unwrap` outside tests\n      mend: return the error"), "{broken}");
        assert!(panics("a.map(Option::unwrap);").contains("`unwrap` outside tests"));
        assert!(panics("x.expect(\" \");").contains("`expect` that says nothing"));
    }

    #[test]
    fn the_top_of_the_tree_is_tidy() {
        assert_eq!(check_top_level(["Cargo.toml", "src", "tests", ".git", "target", "LICENSE-MIT"]), []);
        let broken = messages(&check_top_level(["src", "notes.txt"]));
        assert!(broken.contains("notes.txt:1: does not belong at the top"), "{broken}");
    }
}
