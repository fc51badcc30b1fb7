//! Words that may not appear, each with what to write instead.
//!
//! The engine has to give the same run on every machine, and everything below `app` has to build without a browser.
//! One forgotten float or hash map breaks that without any test noticing; a word list notices.

use crate::paths::references;
use crate::scan::{Kind, Source, Token, Violation};

/// Web crates, as names in code. [`check_manifest`] keeps them behind the feature `app`.
const WEB_CRATES: [&str; 11] = [
    "yew",
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "gloo",
    "plotters",
    "plotters_canvas",
    "console_error_panic_hook",
    "fluent_bundle",
    "unic_langid",
];

const DETERMINISTIC_LAYERS: [&str; 3] = ["engine", "checker", "scenario"];

const FLOAT: &str =
    "integers with the unit in the name (`…_permille`, `…_micros`): floats round differently across targets";
const HASH: &str = "`BTreeMap`/`BTreeSet`: the order of a hash map is no part of (config, seed, input log)";
const CLOCK: &str = "`common::Time`, handed in as `ctx.now`: the wall clock never enters the engine";
const THREAD: &str = "a scheduled event: concurrency is what the simulation shows, not what it runs on";
const SHARED: &str =
    "ids, and one owner that holds the values: a world must be cloned, forked and compared as a plain value";
const GLOBAL: &str = "a field of the world: a global would leak from one run, or one branch, into another";

const PRESENTATION: [&str; 24] = [
    "colour",
    "colours",
    "color",
    "colors",
    "px",
    "pixel",
    "pixels",
    "label",
    "labels",
    "svg",
    "css",
    "html",
    "canvas",
    "font",
    "fonts",
    "tooltip",
    "viewport",
    "caption",
    "captions",
    "icon",
    "icons",
    "theme",
    "stylesheet",
    "dom",
];

/// No web crate outside `app`.
pub fn check_web_crates(source: &Source) -> Vec<Violation> {
    if source.module().first().is_some_and(|layer| layer == "app") {
        return Vec::new();
    }
    let mend = "only src/app may know the browser: pass plain data up, or take the effect in as a value";
    references(source)
        .into_iter()
        .filter(|reference| reference.inside.is_none())
        .filter_map(|reference| {
            let head = reference.written.first().filter(|head| is_web_crate(head))?;
            Some(Violation::at(source, reference.line, format!("web crate `{head}` below app"), mend))
        })
        .collect()
}

/// Web crates are optional dependencies, switched on by the feature `app` and by nothing else.
pub fn check_manifest(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let (mut section, mut feature) = (String::new(), String::new());
    let (mut of_app, mut dependencies) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(source.text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            if let Some(name) = section.strip_prefix("dependencies.") {
                dependencies.push((name.replace('-', "_"), number, false));
            }
            continue;
        }
        let key = line.split_once('=').map(|(key, _)| key.trim());
        if section == "features" {
            feature = key.unwrap_or(&feature).to_owned();
            for piece in line.split('"').filter_map(|piece| piece.strip_prefix("dep:")) {
                if feature == "app" {
                    of_app.push(piece.replace('-', "_"));
                } else if is_web_crate(&piece.replace('-', "_")) {
                    let what = format!("feature `{feature}` switches on the web crate `{piece}`");
                    violations.push(Violation::at(source, number, what, "let the feature `app` own every web crate"));
                }
            }
        } else if section.starts_with("dependencies.") {
            if let Some(last) = dependencies.last_mut().filter(|_| line.replace(' ', "") == "optional=true") {
                last.2 = true;
            }
        } else if let Some(key) = key.filter(|_| section == "dependencies" || section.ends_with(".dependencies")) {
            dependencies.push((key.replace('-', "_"), number, line.contains("optional = true")));
        }
    }
    for (name, line, optional) in dependencies.iter().filter(|(name, ..)| is_web_crate(name)) {
        if !optional || !of_app.contains(name) {
            let what = format!("web crate `{name}` is not behind the feature `app`");
            let mend = "make it `optional = true` and list it as `dep:…` under the feature `app`";
            violations.push(Violation::at(source, *line, what, mend));
        }
    }
    violations
}

/// Nothing that makes two runs of one seed differ, in engine, checker and scenario.
pub fn check_determinism(source: &Source) -> Vec<Violation> {
    let module = source.module();
    let Some(layer) = module.first().filter(|layer| DETERMINISTIC_LAYERS.contains(&layer.as_str())) else {
        return Vec::new();
    };
    let tokens = source.code();
    let mut violations = Vec::new();
    let mut report = |line: usize, word: &str, replacement: &str| {
        let what = format!("`{word}` in {layer}");
        violations.push(Violation::at(source, line, what, format!("write {replacement}")));
    };
    for (at, token) in tokens.iter().enumerate() {
        if let Some(replacement) = nondeterministic(token) {
            report(token.line, &token.text, replacement);
        } else if token.is("static") && tokens.get(at + 1).is_some_and(|next| next.is("mut")) {
            report(token.line, "static mut", GLOBAL);
        } else if let Some(cell) = shared_cell(&tokens[at..]) {
            report(token.line, &format!("{}<{cell}", token.text), SHARED);
        }
    }
    for reference in references(source).into_iter().filter(|reference| !reference.in_test) {
        if reference.written.starts_with(&["std".to_owned(), "thread".to_owned()]) {
            report(reference.line, "std::thread", THREAD);
        }
    }
    violations
}

/// The engine does not know that anyone looks.
pub fn check_presentation(source: &Source) -> Vec<Violation> {
    if source.module().first().is_none_or(|layer| layer != "engine") {
        return Vec::new();
    }
    let mend = "say what it is in Kafka's words; how it looks is decided in src/view";
    source
        .code()
        .into_iter()
        .filter(|token| token.kind == Kind::Ident)
        .filter_map(|token| {
            let word = words_of(&token.text).into_iter().find(|word| PRESENTATION.contains(&word.as_str()))?;
            let what = format!("`{}` in the engine: `{word}` is a word of presentation", token.text);
            Some(Violation::at(source, token.line, what, mend))
        })
        .collect()
}

fn is_web_crate(name: &str) -> bool {
    WEB_CRATES.contains(&name) || ["gloo_", "yew_"].iter().any(|family| name.starts_with(family))
}

fn nondeterministic(token: &Token) -> Option<&'static str> {
    let text = token.text.as_str();
    if token.kind == Kind::Number {
        let decimal = !text.starts_with("0x") && !text.starts_with("0b") && !text.starts_with("0o");
        let exponent = text.contains(['e', 'E']) && !text.contains(['u', 'i']);
        return (decimal && (text.contains('.') || text.ends_with("f64") || text.ends_with("f32") || exponent))
            .then_some(FLOAT);
    }
    if token.kind != Kind::Ident {
        return None;
    }
    match text {
        "f32" | "f64" => Some(FLOAT),
        "hash_map" | "hash_set" | "RandomState" | "DefaultHasher" => Some(HASH),
        "Instant" | "SystemTime" => Some(CLOCK),
        "thread_local" => Some(GLOBAL),
        _ if text.ends_with("_f64") || text.ends_with("_f32") => Some(FLOAT),
        _ if text.ends_with("HashMap") || text.ends_with("HashSet") => Some(HASH),
        _ => None,
    }
}

/// `Rc<RefCell`, and its relatives, also with a path in front of the cell.
fn shared_cell<'a>(tokens: &[&'a Token]) -> Option<&'a str> {
    if !(tokens.first()?.is("Rc") || tokens.first()?.is("Arc")) || !tokens.get(1)?.is("<") {
        return None;
    }
    let mut inner = tokens.iter().skip(2).take_while(|token| token.kind == Kind::Ident || token.is("::"));
    inner
        .find(|token| ["RefCell", "Cell", "Mutex", "RwLock"].contains(&token.text.as_str()))
        .map(|cell| cell.text.as_str())
}

/// `link_labelPx` → `link, label, px`; `HTML` and `SvgHTML2` count as well.
fn words_of(ident: &str) -> Vec<String> {
    let chars: Vec<char> = ident.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let lower_before = at > 0 && chars[at - 1].is_lowercase();
        let lower_after = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let starts_word = c.is_uppercase() && (lower_before || lower_after);
        if c == '_' || c.is_ascii_digit() || starts_word {
            words.push(String::new());
        }
        if c.is_alphabetic() {
            words.last_mut().expect("the list starts with one word").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(violations: &[Violation]) -> String {
        violations.iter().map(|violation| format!("{violation}\n")).collect()
    }

    #[test]
    fn web_crates_live_in_app() {
        let web = |path: &str, text: &str| messages(&check_web_crates(&Source::new(path, text)));
        assert_eq!(web("src/app/mod.rs", "use yew::prelude::*;"), "");
        assert_eq!(web("src/view/a.rs", "//! no yew here\nlet gloo = crate::view::yew::x;"), "");
        let broken = web("src/view/a.rs", "//! x\nuse wasm_bindgen::{JsCast, prelude::*};");
        assert!(broken.contains("src/view/a.rs:2: web crate `wasm_bindgen` below app"), "{broken}");
        assert!(broken.contains("only src/app"), "{broken}");
        assert!(web("src/cli.rs", "fn f() { web_sys::console::log() }").contains("`web_sys`"));
        assert!(web("src/view/a.rs", "use gloo_timers::x;").contains("`gloo_timers`"));
    }

    #[test]
    fn the_manifest_keeps_them_behind_app() {
        let manifest = |text: &str| messages(&check_manifest(&Source::new("Cargo.toml", text)));
        let good = "[features]\napp = [\n \"dep:yew\", \"dep:web-sys\",\n]\n[dependencies]\ncrc = \"3\"
            yew = { version = \"0.23\", optional = true }\n[dependencies.web-sys]\nversion = \"0.3\"\noptional = true\n";
        assert_eq!(manifest(good), "");
        assert!(manifest("[dependencies]\nyew = \"0.23\"\n").contains("Cargo.toml:2: web crate `yew` is not behind"));
        assert!(manifest(&good.replace("optional = true\n", "\n")).contains("`web_sys` is not behind"));
        assert!(manifest(&good.replace("\"dep:web-sys\",", "")).contains("`web_sys` is not behind"));
        assert!(manifest(&good.replace("app = ", "gui = ")).contains("feature `gui` switches on"));
    }

    #[test]
    fn the_engine_gives_the_same_run_everywhere() {
        let engine = |text: &str| messages(&check_determinism(&Source::new("src/engine/a.rs", text)));
        let good =
            "use std::collections::BTreeMap; let x = (0..5, p.0.1, 1.max(2), 0xef64, 1e, 3_u64, Rc::new(1)); // f64
            #[cfg(test)] mod t { use std::collections::HashMap; const X: f64 = 1.5; }";
        assert_eq!(engine(&good.replace("1e, ", "")), "");
        for (bad, replacement) in [
            ("x: f32", "integers"),
            ("x.as_secs_f64()", "integers"),
            ("let x = 0.5;", "integers"),
            ("let x = 2f64;", "integers"),
            ("let x = 1e9;", "integers"),
            ("use std::collections::{BTreeMap, HashMap};", "BTreeMap"),
            ("fnv::FnvHashSet::new()", "BTreeSet"),
            ("std::time::Instant::now()", "common::Time"),
            ("SystemTime::UNIX_EPOCH", "common::Time"),
            ("use std::{fmt, thread};", "scheduled event"),
            ("std::thread::spawn(f)", "scheduled event"),
            ("x: Rc<RefCell<Node>>", "one owner"),
            ("x: std::sync::Arc<std::sync::Mutex<Node>>", "one owner"),
            ("static mut X: u8 = 0;", "field of the world"),
            ("thread_local! {}", "field of the world"),
        ] {
            let broken = engine(&format!("//! x\n{bad}"));
            assert!(broken.contains("src/engine/a.rs:2: `") && broken.contains(replacement), "{bad}: {broken}");
        }
        assert!(!check_determinism(&Source::new("src/scenario/a.rs", "x: f64")).is_empty());
        assert!(check_determinism(&Source::new("src/view/a.rs", "x: f64")).is_empty());
    }

    #[test]
    fn the_engine_has_no_words_of_presentation() {
        let engine = |text: &str| messages(&check_presentation(&Source::new("src/engine/a.rs", text)));
        assert_eq!(engine("// the label\nlet coloured = \"css\"; 'label: loop {} struct Labelled; fn domain() {}"), "");
        let broken = engine("//! x\n\nfn node_label() {}");
        assert!(broken.contains("src/engine/a.rs:3: `node_label` in the engine: `label`"), "{broken}");
        assert!(broken.contains("src/view"), "{broken}");
        assert!(engine("struct SvgNode { widthPx: u8, HTMLText: u8 }").matches("word of presentation").count() == 3);
        assert!(check_presentation(&Source::new("src/view/a.rs", "label")).is_empty());
    }
}
