//! Who may know whom: the layers of the house, the engine's front door, and the allow table inside the engine.
//!
//! Arrows point one way, so that every part can be read, tested and replaced with only what lies before it. Layers
//! and door bind tests too (a test that needs a later layer belongs under `tests/`); the table inside the engine
//! leaves `#[cfg(test)]` code alone.

use crate::paths::{public_names, references};
use crate::scan::{Source, Violation};

/// Each layer may import those before it. `cli` stands beside: see [`layer_may_import`].
const LAYERS: [&str; 7] = ["engine", "checker", "console", "scenario", "session", "view", "app"];

/// What each module of the engine may import, from the ground up: a row names only rows above it, so the graph cannot
/// have a cycle.
///
/// THINK BEFORE WIDENING A ROW. A module that suddenly needs another one mostly needs a value handed to it by its
/// parent, a message, or a type moved down. Clients know brokers by their answers only, as a real client does; that
/// is why they never import server, storage, controller or coordinator. The runtime knows no Kafka. Nobody imports the
/// world, since a node that could see it could see other nodes. Facts live with their module (`<module>/fact.rs`);
/// `trace` collects them, therefore no module below it may import it. Metadata records are what the quorum's fetches
/// carry, so metadata lies below protocol, and its image is built from records alone. Commands are plain data that say
/// what a program of the user's does; programs are built from them, hence they lie low.
const ENGINE: [(&str, &str); 23] = [
    ("common", ""),
    ("runtime", "common"),
    ("config", "common"),
    ("record", "common"),
    ("fault", "common runtime"),
    ("command", "common fault runtime"),
    ("workload", "command common"),
    ("metadata", "common config record"),
    ("protocol", "common metadata record"),
    ("storage", "common config protocol record runtime"),
    ("raft", "common config metadata protocol record runtime storage"),
    ("zookeeper", "common config protocol runtime"),
    ("controller", "common config metadata protocol raft record runtime storage zookeeper"),
    ("kafka_controller", "common config controller metadata protocol runtime zookeeper"),
    ("coordinator", "common config metadata protocol record runtime storage"),
    ("server", "common config coordinator kafka_controller metadata protocol raft record runtime storage zookeeper"),
    ("clients", "command common config metadata protocol record runtime workload zookeeper"),
    ("queue", "command common config protocol record runtime workload"),
    ("streams", "clients common config metadata protocol record runtime"),
    (
        "trace",
        "clients command common config controller coordinator fault kafka_controller metadata protocol queue raft record runtime server \
         storage streams zookeeper",
    ),
    ("domain", "clients common controller coordinator protocol queue raft runtime server streams trace zookeeper"),
    (
        "world",
        "clients command common config controller coordinator domain fault kafka_controller metadata protocol queue raft record runtime \
         server storage streams trace workload zookeeper",
    ),
    (
        "views",
        "clients command common config controller coordinator domain fault kafka_controller metadata protocol queue raft record runtime \
         server storage streams trace world zookeeper",
    ),
];

/// The one knot in the table: `domain` gathers the timers and facts of every kind of node, and a node names the
/// domain it belongs to. Modules that hold a node may use these names of it and no others.
const NODES: [&str; 9] =
    ["clients", "controller", "coordinator", "kafka_controller", "queue", "raft", "server", "streams", "zookeeper"];
const KNOT: [&str; 4] = ["Ctx", "Kafka", "Timer", "Token"];

pub fn layer_may_import(layer: &str, target: &str) -> bool {
    let place = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    match (layer, place(layer), place(target)) {
        ("cli", _, Some(_)) => !matches!(target, "view" | "app"),
        (_, Some(from), Some(to)) => to < from,
        _ => false,
    }
}

/// Layers import only to the left.
pub fn check_layers(source: &Source) -> Vec<Violation> {
    let module = source.module();
    // The two roots of the crate hold the layers together and import whatever they name.
    let Some(layer) = module.first() else { return Vec::new() };
    if layer != "cli" && !LAYERS.contains(&layer.as_str()) {
        let what = format!("`{layer}` is no layer of the house");
        let mend =
            format!("put it into one of {}, or argue for a new one in src/lib.rs and in this test", LAYERS.join(", "));
        return vec![Violation::at(source, 1, what, mend)];
    }
    let mut violations = Vec::new();
    for reference in references(source).into_iter().filter(|reference| reference.imported == 0) {
        let Some(inside) = &reference.inside else { continue };
        match inside.first().map(String::as_str) {
            Some(target) if target == layer || layer_may_import(layer, target) => {}
            Some(target) if target == "cli" || LAYERS.contains(&target) => {
                let what = format!("`{layer}` imports `{target}` ({})", reference.written.join("::"));
                let mend = format!(
                    "layers import only to the left ({}; cli anything but view and app): move what both need into the \
                     left one, or let `{target}` hand it in",
                    LAYERS.join(" < ")
                );
                violations.push(Violation::at(source, reference.line, what, mend));
            }
            _ => {
                let what = format!("`{}` goes through the crate's root", reference.written.join("::"));
                let mend = "name the layer that owns it: `crate::<layer>::…`; the root re-exports nothing";
                violations.push(Violation::at(source, reference.line, what, mend));
            }
        }
    }
    violations
}

/// Outside the engine, `crate::engine::a::…` only if engine/mod.rs offers `a` by `pub mod` or `pub use`.
pub fn check_engine_door(source: &Source, engine_mod: &Source) -> Vec<Violation> {
    let (names, globs) = public_names(engine_mod);
    if source.path == engine_mod.path {
        let mend = "re-export name by name: this list is the engine's front door";
        return globs.into_iter().map(|line| Violation::at(source, line, "`pub use …::*` at the door", mend)).collect();
    }
    if source.module().first().is_none_or(|layer| layer == "engine") {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for reference in references(source).into_iter().filter(|reference| reference.imported < 2) {
        let Some([engine, name, ..]) = reference.inside.as_deref() else { continue };
        if engine == "engine" && name != "*" && !names.contains(name) {
            let what = format!("`{}` reaches past the engine's door", reference.written.join("::"));
            let mend =
                format!("use what src/engine/mod.rs offers, or offer `{name}` there on purpose (`pub mod`/`pub use`)");
            violations.push(Violation::at(source, reference.line, what, mend));
        }
    }
    violations
}

/// Inside the engine, only what the table allows.
pub fn check_engine_table(source: &Source) -> Vec<Violation> {
    let module = source.module();
    let [engine, part, ..] = module.as_slice() else { return Vec::new() };
    if engine != "engine" {
        return Vec::new();
    }
    let Some(allowed) = allowed_to(part) else {
        let mend = "add a row to ENGINE in tests/architecture/layers.rs, as short as it can be";
        return vec![Violation::at(source, 1, format!("`engine::{part}` has no row in the allow table"), mend)];
    };
    let mut violations = Vec::new();
    for reference in references(source).into_iter().filter(|reference| !reference.in_test && reference.imported < 2) {
        let Some([layer, path @ ..]) = reference.inside.as_deref() else { continue };
        if layer != "engine" {
            continue; // check_layers speaks about that
        }
        let written = reference.written.join("::");
        let target = path.first().map_or("*", String::as_str);
        if target == part || allowed.contains(&target) || may_tie_knot(part, path) {
            continue;
        }
        let (what, mend) = if allowed_to(target).is_some() {
            let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            let mend = format!(
                "`{part}` may import {may}. Hand the value in, send a message or move the type down; think before \
                 widening the table in tests/architecture/layers.rs"
            );
            (format!("`engine::{part}` imports `engine::{target}` ({written})"), mend)
        } else {
            let mend = "inside the engine name the module that owns it, `crate::engine::<module>::…`: the table judges \
                        modules";
            (format!("`{written}` goes through the engine's own door"), mend.to_owned())
        };
        violations.push(Violation::at(source, reference.line, what, mend));
    }
    violations
}

fn allowed_to(part: &str) -> Option<Vec<&'static str>> {
    ENGINE.iter().find(|(name, _)| *name == part).map(|(_, allowed)| allowed.split_whitespace().collect())
}

/// `domain::Ctx`, or `Ctx` as engine/mod.rs offers it, in a module that holds a node.
fn may_tie_knot(part: &str, path: &[String]) -> bool {
    let name = match path {
        [domain, name, ..] if domain == "domain" => name,
        [name, ..] => name,
        [] => return false,
    };
    NODES.contains(&part) && KNOT.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(violations: &[Violation]) -> String {
        violations.iter().map(|violation| format!("{violation}\n")).collect()
    }

    fn layers(path: &str, text: &str) -> String {
        messages(&check_layers(&Source::new(path, text)))
    }

    #[test]
    fn layers_import_to_the_left_only() {
        assert_eq!(layers("src/session/mod.rs", "use crate::{engine::World, scenario::Lesson, session::History};"), "");
        let broken = layers("src/engine/server/mod.rs", "//! x\nuse crate::checker::Promise;");
        assert!(
            broken.contains("src/engine/server/mod.rs:2: `engine` imports `checker` (crate::checker::Promise)"),
            "{broken}"
        );
        assert!(broken.contains("engine < checker < console"), "{broken}");
        assert!(layers("src/view/scene.rs", "fn f() { crate::app::mount() }").contains("`view` imports `app`"));
        assert!(
            layers("src/scenario/a.rs", "#[cfg(test)] mod t { use crate::session::X; }").contains("imports `session`")
        );
    }

    #[test]
    fn cli_stays_without_pictures() {
        assert_eq!(layers("src/cli.rs", "use crate::{session::Session, engine::World};"), "");
        assert!(layers("src/cli.rs", "use crate::view::scene;").contains("`cli` imports `view`"));
        assert!(layers("src/app/mod.rs", "use crate::cli;").contains("`app` imports `cli`"));
    }

    #[test]
    fn nothing_hides_at_the_root() {
        assert!(layers("src/helpers.rs", "").contains("`helpers` is no layer"));
        assert!(layers("src/view/a.rs", "use crate::World;").contains("goes through the crate's root"));
        assert!(layers("src/view/a.rs", "use crate::*;").contains("goes through the crate's root"));
        assert_eq!(layers("src/main.rs", "fn main() { kafkascope::app::mount() }"), "");
    }

    #[test]
    fn the_engine_is_entered_by_its_door() {
        let door = Source::new("src/engine/mod.rs", "pub mod common; mod server; pub use world::World;");
        let through = |path: &str, text: &str| messages(&check_engine_door(&Source::new(path, text), &door));
        assert_eq!(through("src/view/a.rs", "use crate::engine::{common::Time, World}; fn f() { World::new() }"), "");
        assert_eq!(through("src/engine/world/mod.rs", "use crate::engine::server::Broker;"), "");
        let broken = through("src/view/a.rs", "use crate::engine::server::Broker;");
        assert!(broken.contains("src/view/a.rs:1: `crate::engine::server::Broker` reaches past"), "{broken}");
        assert!(broken.contains("offer `server` there on purpose"), "{broken}");
        assert!(through("src/cli.rs", "use crate::engine;\nfn f(b: engine::server::B) {}").contains("src/cli.rs:2"));
        let wide = Source::new("src/engine/mod.rs", "mod a;\npub use a::*;");
        assert!(messages(&check_engine_door(&wide, &wide)).contains("src/engine/mod.rs:2: `pub use …::*`"));
    }

    #[test]
    fn inside_the_engine_the_table_decides() {
        let table = |path: &str, text: &str| messages(&check_engine_table(&Source::new(path, text)));
        assert_eq!(table("src/engine/server/mod.rs", "use crate::engine::storage::Log; use super::common::Time;"), "");
        let broken = table("src/engine/clients/producer/sender.rs", "use crate::engine::server::Broker;");
        assert!(broken.contains("sender.rs:1: `engine::clients` imports `engine::server`"), "{broken}");
        assert!(broken.contains("think before widening"), "{broken}");
        assert!(
            table("src/engine/runtime/link.rs", "use super::super::protocol::ApiKey;")
                .contains("imports `engine::protocol`")
        );
        assert!(table("src/engine/common/ids.rs", "use crate::engine::record::Record;").contains("may import nothing"));
        assert!(
            table("src/engine/server/mod.rs", "fn f(w: &crate::engine::world::World) {}").contains("`engine::world`")
        );
        assert!(table("src/engine/server/mod.rs", "use crate::engine::World;").contains("engine's own door"));
        assert!(table("src/engine/server/mod.rs", "use super::*;").contains("engine's own door"));
        assert!(table("src/engine/misc.rs", "").contains("`engine::misc` has no row"));
        let once = table("src/engine/runtime/a.rs", "use crate::engine::raft; fn f() { raft::vote() }");
        assert_eq!(once.matches("imports `engine::raft`").count(), 1, "{once}");
        assert_eq!(table("src/engine/clients/a.rs", "#[cfg(test)] mod t { use crate::engine::server::B; }"), "");
    }

    #[test]
    fn the_table_has_no_cycle_and_keeps_its_promises() {
        for (row, (name, _)) in ENGINE.iter().enumerate() {
            let allowed = allowed_to(name).expect("every row is found by its name");
            assert!(allowed.is_sorted(), "keep the row of `{name}` sorted");
            for target in allowed {
                let place = ENGINE.iter().position(|(other, _)| *other == target);
                assert!(
                    place.is_some_and(|place| place < row),
                    "`{name}` may import `{target}`, which is not above it"
                );
            }
        }
        assert_eq!(allowed_to("runtime"), Some(vec!["common"]));
        for forbidden in ["server", "storage", "controller", "coordinator"] {
            assert_eq!(allowed_to("clients").map(|row| row.contains(&forbidden)), Some(false));
        }
        let with_world = ENGINE.iter().filter(|(_, allowed)| allowed.split_whitespace().any(|name| name == "world"));
        assert_eq!(with_world.map(|(name, _)| *name).collect::<Vec<_>>(), ["views"]);
    }

    #[test]
    fn a_node_may_name_its_domain_and_no_more_of_it() {
        let table = |path: &str, text: &str| messages(&check_engine_table(&Source::new(path, text)));
        assert_eq!(
            table("src/engine/server/mod.rs", "use crate::engine::domain::{Ctx, Kafka}; use super::super::Token;"),
            ""
        );
        assert!(
            table("src/engine/server/mod.rs", "use crate::engine::domain::Fact;").contains("imports `engine::domain`")
        );
        assert!(
            table("src/engine/server/mod.rs", "use crate::engine::domain::*;").contains("imports `engine::domain`")
        );
        assert!(table("src/engine/server/mod.rs", "use crate::engine::domain;").contains("imports `engine::domain`"));
        assert!(
            table("src/engine/storage/mod.rs", "use crate::engine::domain::Ctx;").contains("imports `engine::domain`")
        );
    }
}
