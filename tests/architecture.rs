//! The laws of the house, checked over the text of the repository.
//!
//! Each law is a function from a file to its violations, tested in its own module on good and bad snippets; here the
//! laws meet the real tree. A failure says what is wrong, where, and how to mend it. Change a law only together with
//! the crate docs in src/lib.rs.

#[path = "architecture/contracts.rs"]
mod contracts;
#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/scan.rs"]
mod scan;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/style.rs"]
mod style;
#[path = "architecture/words.rs"]
mod words;

use std::fs;
use std::path::Path;

use scan::{Source, Violation};

#[test]
fn layers_import_only_to_the_left() {
    hold("layers import only to the left", sources(), layers::check_layers);
}

#[test]
fn the_engine_is_entered_by_its_door() {
    let engine_mod = file("src/engine/mod.rs");
    hold("outside the engine only what engine/mod.rs offers", sources(), |source| {
        layers::check_engine_door(source, &engine_mod)
    });
}

#[test]
fn inside_the_engine_the_allow_table_decides() {
    hold("inside the engine, imports follow the table", sources(), layers::check_engine_table);
}

#[test]
fn only_app_knows_the_browser() {
    hold("web crates only in src/app", sources(), words::check_web_crates);
    hold("web crates only behind the feature app", vec![file("Cargo.toml")], words::check_manifest);
}

#[test]
fn one_seed_gives_one_run() {
    hold("nothing nondeterministic in engine, checker, scenario", sources(), words::check_determinism);
}

#[test]
fn the_engine_does_not_know_that_anyone_looks() {
    hold("no words of presentation in the engine", sources(), words::check_presentation);
}

#[test]
fn every_file_says_why_it_exists_and_is_bearable() {
    let everywhere: fn() -> Vec<Source> =
        || ["src", "tests", "benches"].iter().flat_map(|folder| Source::load_all(root(), folder, "rs")).collect();
    hold("every file opens with //!", everywhere(), shape::check_head);
    hold("files stay bearable", everywhere(), shape::check_length);
}

#[test]
fn panics_state_their_invariant() {
    hold("no unwrap outside tests, no empty expect", sources(), shape::check_panics);
}

#[test]
fn the_top_of_the_tree_is_tidy() {
    let entries = fs::read_dir(root()).expect("the repository can be listed");
    let names: Vec<String> = entries
        .map(|entry| entry.expect("a folder being read lists its entries").file_name().to_string_lossy().into_owned())
        .collect();
    report("only known entries at the top", &shape::check_top_level(names.iter().map(String::as_str)));
}

#[test]
fn colours_fonts_and_durations_are_tokens() {
    hold("literals only in tokens.css", Source::load_all(root(), "static/css", "css"), style::check_css);
}

#[test]
fn every_fact_is_explained() {
    let words = Source::load_all(root(), "src/view/explain", "rs");
    let mend = "give it a sentence in src/view/explain/sentence/, and words in static/i18n";
    hold("every fact has a sentence", Source::load_all(root(), "src/engine", "rs"), |source| {
        let enums = contracts::enums_ending_in(source, "Fact");
        let check = |name: &String| {
            contracts::check_every_variant(source, name, &words, contracts::Among::Code, "explained", mend)
        };
        enums.iter().flat_map(check).collect()
    });
}

#[test]
fn every_fact_is_met_in_a_test() {
    let mut tests = Source::load_all(root(), "src", "rs");
    tests.extend(Source::load_all(root(), "tests", "rs"));
    let mend =
        "let a test meet it where it happens, or add it to tests/engine/facts.rs with a run that brings it about";
    hold("every fact is met in a test", Source::load_all(root(), "src/engine", "rs"), |source| {
        let enums = contracts::enums_ending_in(source, "Fact");
        let check = |name: &String| {
            contracts::check_every_variant(source, name, &tests, contracts::Among::Tests, "met in a test", mend)
        };
        enums.iter().flat_map(check).collect()
    });
}

fn hold(law: &str, sources: Vec<Source>, check: impl Fn(&Source) -> Vec<Violation>) {
    let violations: Vec<Violation> = sources.iter().flat_map(check).collect();
    report(law, &violations);
}

fn report(law: &str, violations: &[Violation]) {
    let list: String = violations.iter().map(|violation| format!("\n  {violation}")).collect();
    assert!(violations.is_empty(), "the law \"{law}\" is broken, violations: {}{list}\n", violations.len());
}

fn sources() -> Vec<Source> {
    let sources = Source::load_all(root(), "src", "rs");
    assert!(sources.len() > 3, "the laws must see the house they judge");
    sources
}

fn file(path: &str) -> Source {
    Source::new(path, &fs::read_to_string(root().join(path)).expect("the file that a law is about exists"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
