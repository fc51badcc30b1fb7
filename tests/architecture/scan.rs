//! Reads Rust files as tokens, so that the laws look at code and never at prose.
//!
//! A hand-written lexer instead of a parser: macro bodies are seen too (a parser hands them back unread), and a
//! file that does not compile today can still be judged. Comments are dropped, literals keep their text but can
//! never be mistaken for a name, and every token knows its line and whether it belongs to test code.

use std::fmt;
use std::fs;
use std::path::Path;

/// One file, lexed. `path` is relative to the repository and uses `/`.
pub struct Source {
    pub path: String,
    pub text: String,
    pub tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    pub line: usize,
    /// Inside an item marked `#[cfg(test)]` or `#[test]`.
    pub in_test: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ident,
    /// The text between the quotes, escapes unread.
    Str,
    Char,
    Number,
    Lifetime,
    /// One character, except for `::`, which is one token.
    Punct,
}

/// A broken law: where, what, and how to mend it.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    pub path: String,
    pub line: usize,
    pub what: String,
    pub mend: String,
}

impl Violation {
    pub fn at(source: &Source, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { path: source.path.clone(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n      mend: {}", self.path, self.line, self.what, self.mend)
    }
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let mut tokens = lex(text);
        mark_tests(&mut tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// Every file below `root/folder` with this extension, in the order of their paths. No folder, no files.
    pub fn load_all(root: &Path, folder: &str, extension: &str) -> Vec<Self> {
        let mut sources = Vec::new();
        collect(root, &root.join(folder), extension, &mut sources);
        mark_test_modules(&mut sources);
        sources
    }

    /// `src/engine/common/ids.rs` → `engine, common, ids`; a `mod.rs` is its folder, `lib.rs` and `main.rs` the root.
    pub fn module(&self) -> Vec<String> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") || matches!(inner, "lib" | "main") {
            module.pop();
        }
        module
    }

    /// Tokens outside tests.
    pub fn code(&self) -> Vec<&Token> {
        self.tokens.iter().filter(|token| !token.in_test).collect()
    }
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }
}

fn collect(root: &Path, folder: &Path, extension: &str, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder being read lists its entries").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "node_modules") {
                collect(root, &path, extension, sources);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            let relative = path.strip_prefix(root).expect("the walk stays below the root").to_string_lossy();
            // A file may vanish between listing and reading while others work in the tree.
            if let Ok(text) = fs::read_to_string(&path) {
                sources.push(Source::new(&relative.replace('\\', "/"), &text));
            }
        }
    }
}

/// `#[cfg(test)] mod scripts;` makes the whole of `scripts.rs`, and everything below it, test code.
fn mark_test_modules(sources: &mut [Source]) {
    let mut roots: Vec<Vec<String>> = Vec::new();
    for source in sources.iter() {
        for window in source.tokens.windows(3) {
            if window[0].in_test && window[0].is("mod") && window[2].is(";") {
                let mut root = source.module();
                root.push(window[1].text.clone());
                roots.push(root);
            }
        }
    }
    for source in sources {
        let module = source.module();
        if source.path.starts_with("src/") && roots.iter().any(|root| module.starts_with(root)) {
            for token in &mut source.tokens {
                token.in_test = true;
            }
        }
    }
}

fn lex(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let start = at;
        let peek = |ahead: usize| chars.get(start + ahead).copied().unwrap_or('\0');
        let c = chars[at];
        let (end, kind, inner) = if c.is_whitespace() {
            (at + 1, None, (0, 0))
        } else if c == '/' && peek(1) == '/' {
            (line_end(&chars, at), None, (0, 0))
        } else if c == '/' && peek(1) == '*' {
            (block_comment_end(&chars, at), None, (0, 0))
        } else if let Some((open, hashes, raw)) = string_opening(&chars, at) {
            let (close, end) = string_end(&chars, open, hashes, raw);
            (end, Some(Kind::Str), (open, close))
        } else if c == '\'' || (c == 'b' && peek(1) == '\'') {
            let quote = if c == 'b' { at + 1 } else { at };
            let (end, kind) = char_or_lifetime(&chars, quote);
            (end, Some(kind), (at, end))
        } else if c.is_ascii_digit() {
            let after_dot = tokens.last().is_some_and(|last| last.is("."));
            let end = number_end(&chars, at, after_dot);
            (end, Some(Kind::Number), (at, end))
        } else if is_name(c) {
            let from = if c == 'r' && peek(1) == '#' && is_name(peek(2)) { at + 2 } else { at };
            let end = name_end(&chars, from);
            (end, Some(Kind::Ident), (from, end))
        } else {
            let end = if c == ':' && peek(1) == ':' { at + 2 } else { at + 1 };
            (end, Some(Kind::Punct), (at, end))
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: chars[inner.0..inner.1].iter().collect(), line, in_test: false });
        }
        line += chars[start..end].iter().filter(|&&c| c == '\n').count();
        at = end;
    }
    tokens
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn name_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|&at| !is_name(chars[at])).unwrap_or(chars.len())
}

fn line_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|&at| chars[at] == '\n').unwrap_or(chars.len())
}

/// Rust's block comments nest.
fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_u32);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (at, depth) = (at + 2, depth + 1),
            ('*', Some('/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// Where the text of a string literal begins, how many `#` close it, and whether it is raw; `None` if none opens here.
fn string_opening(chars: &[char], from: usize) -> Option<(usize, usize, bool)> {
    let mut at = from;
    if matches!(chars[at], 'b' | 'c') {
        at += 1;
    }
    let raw = chars.get(at) == Some(&'r');
    if raw {
        at += 1;
    }
    let hashes = chars[at.min(chars.len())..].iter().take_while(|&&c| raw && c == '#').count();
    (chars.get(at + hashes) == Some(&'"')).then_some((at + hashes + 1, hashes, raw))
}

/// (the closing quote, the first character after the literal)
fn string_end(chars: &[char], open: usize, hashes: usize, raw: bool) -> (usize, usize) {
    let mut at = open;
    while at < chars.len() {
        if !raw && chars[at] == '\\' {
            at += 2;
        } else if chars[at] == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes {
            return (at, at + 1 + hashes);
        } else {
            at += 1;
        }
    }
    (chars.len(), chars.len())
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn char_or_lifetime(chars: &[char], quote: usize) -> (usize, Kind) {
    let first = chars.get(quote + 1).copied().unwrap_or('\0');
    if is_name(first) && chars.get(quote + 2) != Some(&'\'') {
        return (name_end(chars, quote + 1), Kind::Lifetime);
    }
    let mut at = quote + 1;
    while at < chars.len() && chars[at] != '\'' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    ((at + 1).min(chars.len()), Kind::Char)
}

/// `after_dot`: in `pair.0.1` the second number is a field, not the fraction `0.1`.
fn number_end(chars: &[char], from: usize, after_dot: bool) -> usize {
    let hex = chars[from] == '0' && matches!(chars.get(from + 1), Some('x' | 'b' | 'o'));
    let mut at = from;
    while at < chars.len() {
        let next = chars.get(at + 1).copied().unwrap_or('\0');
        let fraction = !hex && !after_dot && chars[at] == '.' && next != '.' && next != '_' && !next.is_alphabetic();
        let exponent_sign = !hex && matches!(chars[at], '+' | '-') && matches!(chars[at - 1], 'e' | 'E');
        if !(is_name(chars[at]) || fraction || exponent_sign) {
            break;
        }
        at += 1;
    }
    at
}

/// Marks every item under `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`; `#![cfg(test)]` marks the whole file.
fn mark_tests(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        let inner = tokens[at].is("#") && tokens.get(at + 1).is_some_and(|token| token.is("!"));
        let open = if inner { at + 2 } else { at + 1 };
        if !(tokens[at].is("#") && tokens.get(open).is_some_and(|token| token.is("["))) {
            at += 1;
            continue;
        }
        let close = closing(tokens, open);
        if !is_test_attribute(&tokens[open + 1..close.min(tokens.len())]) {
            at = close;
            continue;
        }
        let end = if inner { tokens.len() } else { item_end(tokens, close + 1) };
        for token in &mut tokens[at..end] {
            token.in_test = true;
        }
        at = end;
    }
}

fn is_test_attribute(attribute: &[Token]) -> bool {
    let texts: Vec<&str> = attribute.iter().map(|token| token.text.as_str()).collect();
    match texts.as_slice() {
        ["test"] => true,
        ["cfg", "(", "test", ")"] => true,
        ["cfg", "(", "all", "(", rest @ ..] => {
            rest.iter().enumerate().any(|(at, text)| *text == "test" && (at == 0 || rest[at - 1] == ","))
        }
        _ => false,
    }
}

/// The index of the bracket that closes the one at `open`; the end of the tokens if none does.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == Kind::Punct {
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
    }
    tokens.len()
}

/// One past the item (or field, or statement) that starts at `from`, its other attributes included.
fn item_end(tokens: &[Token], from: usize) -> usize {
    const ITEMS: [&str; 16] = [
        "pub",
        "mod",
        "fn",
        "use",
        "impl",
        "struct",
        "enum",
        "const",
        "static",
        "trait",
        "type",
        "unsafe",
        "async",
        "extern",
        "macro_rules",
        "let",
    ];
    let mut at = from;
    while tokens.get(at).is_some_and(|token| token.is("#")) {
        at = closing(tokens, at + 1) + 1;
    }
    let is_item = tokens.get(at).is_some_and(|token| ITEMS.iter().any(|item| token.is(item)));
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            _ if tokens[at].kind != Kind::Punct => at += 1,
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            "{" => return (closing(tokens, at) + 1).min(tokens.len()),
            "(" | "[" => at = closing(tokens, at) + 1,
            // The bracket around a last field: the item ended before it.
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idents(text: &str) -> Vec<String> {
        Source::new("src/x.rs", text)
            .code()
            .into_iter()
            .filter(|token| token.kind == Kind::Ident)
            .map(|token| token.text.clone())
            .collect()
    }

    #[test]
    fn comments_and_literals_are_not_names() {
        assert_eq!(idents("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
        assert_eq!(idents(r##"a("b \" c", r#"d " e"#, b"f", br"\", c"g", 'h', b'i', '\'', '"') j"##), ["a", "j"]);
        assert_eq!(idents("fn f<'life>(r#type: &'life u8)"), ["fn", "f", "type", "u8"]);
    }

    #[test]
    fn numbers_end_where_ranges_methods_and_fields_begin() {
        let numbers = |text: &str| -> Vec<String> {
            lex(text).into_iter().filter(|token| token.kind == Kind::Number).map(|token| token.text).collect()
        };
        assert_eq!(
            numbers("0..5 1.max(2) p.0.1 1.5 2.0e-3 0xe-1 7_u64"),
            ["0", "5", "1", "2", "0", "1", "1.5", "2.0e-3", "0xe", "1", "7_u64"]
        );
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let source = Source::new("src/x.rs", "/* 1\n2 */\n\"3\n4\"\nfive");
        assert_eq!(source.tokens.last().map(|token| (token.text.as_str(), token.line)), Some(("five", 5)));
    }

    #[test]
    fn test_items_are_marked_and_nothing_after_them() {
        let kept = |text: &str| idents(text).join(" ");
        assert_eq!(kept("#[cfg(test)] mod t { fn a() {} } b"), "b");
        assert_eq!(kept("#[cfg(test)] #[allow(x)] fn f<A, B>(a: [A; 2]) -> B { c } d"), "d");
        assert_eq!(kept("#[cfg(all(test, not(miri)))] use a::{b, c}; d"), "d");
        assert_eq!(
            kept("struct S { #[cfg(test)] probe: u8, kept: u8, #[cfg(test)] last: u8 } after"),
            "struct S kept u8 after"
        );
        assert_eq!(kept("#[cfg(not(test))] fn a() {}"), "cfg not test fn a");
        assert_eq!(kept("#[cfg(any(test, unix))] fn a() {}"), "cfg any test unix fn a");
        assert_eq!(kept("#![cfg(test)] fn a() {}"), "");
    }

    #[test]
    fn a_test_only_module_file_is_all_test() {
        let mut sources = vec![
            Source::new("src/engine/storage/mod.rs", "#[cfg(test)] mod tests; mod log;"),
            Source::new("src/engine/storage/tests.rs", "fn a() {}"),
            Source::new("src/engine/storage/tests/deep.rs", "fn b() {}"),
            Source::new("src/engine/storage/log.rs", "fn c() {}"),
        ];
        mark_test_modules(&mut sources);
        let code: Vec<usize> = sources.iter().map(|source| source.code().len()).collect();
        assert_eq!(code, [3, 0, 0, 6]);
    }

    #[test]
    fn a_file_knows_its_module() {
        assert_eq!(Source::new("src/engine/common/ids.rs", "").module(), ["engine", "common", "ids"]);
        assert_eq!(Source::new("src/engine/mod.rs", "").module(), ["engine"]);
        assert!(Source::new("src/lib.rs", "").module().is_empty());
    }
}
