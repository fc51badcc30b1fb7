//! The editor of a `server.properties` as data: what stands under the caret, what could be written there, what differs
//! from the defaults, and what applying the text would do to brokers that run.
//!
//! Applying follows Kafka. What `kafka-configs.sh` can change while a broker runs is changed so, at once; the file is
//! rewritten as well, and everything else in it waits for the restart of that broker.

use std::collections::BTreeMap;

use crate::engine::World;
use crate::engine::command::{Command, Properties};
use crate::engine::common::BrokerId;
use crate::engine::config::{BrokerConfig, KafkaVersion, Key, Kind, ServerProperties, Unit, Update};

/// Who a node is and where it keeps its data belongs to the figure, not to the file.
pub const IDENTITY: [&str; 6] =
    ["node.id", "broker.id", "process.roles", "log.dirs", "log.dir", "controller.quorum.bootstrap.servers"];

/// How many keys are offered at a time.
const MOST_OFFERS: usize = 8;

/// Chinese for [`Key::doc`]; one line a key, parted by a tab.
const CHINESE: &str = include_str!("../../static/i18n/config.zh.tsv");

/// What a key does, in Chinese.
#[must_use]
pub fn chinese(name: &str) -> Option<&'static str> {
    CHINESE.lines().filter_map(|line| line.split_once('\t')).find(|(key, _)| *key == name).map(|(_, doc)| doc)
}

/// The line that the caret stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: u32,
    /// The key of the line, if it has one.
    pub key: String,
    /// What of the key stands before the caret; `None` if the caret is beyond the key.
    pub typed: Option<String>,
    /// Where the key begins and ends in the text, in bytes.
    pub span: (usize, usize),
    has_separator: bool,
}

/// Where `caret`, a byte of `text`, stands.
#[must_use]
pub fn place(text: &str, caret: usize) -> Place {
    let caret = (0..=caret.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let begin = text[..caret].rfind('\n').map_or(0, |at| at + 1);
    let end = text[caret..].find('\n').map_or(text.len(), |at| caret + at);
    let line = u32::try_from(text[..begin].matches('\n').count() + 1).unwrap_or(u32::MAX);
    let body = text[begin..end].trim_start();
    let from = end - body.len();
    let is_comment = body.starts_with(['#', '!']);
    let separator = body.find(|c: char| c == '=' || c == ':' || c.is_whitespace());
    let to = if is_comment { from } else { separator.map_or(end, |at| from + at) };
    let typed = (!is_comment && (from..=to).contains(&caret)).then(|| text[from..caret].to_owned());
    Place { line, key: text[from..to].to_owned(), typed, span: (from, to), has_separator: separator.is_some() }
}

/// Keys that the word before the caret may become: those that begin with it, then those that hold it.
#[must_use]
pub fn offers(place: &Place, version: KafkaVersion) -> Vec<&'static Key> {
    let Some(typed) = place.typed.as_deref().map(str::to_lowercase).filter(|typed| typed.len() > 1) else {
        return Vec::new();
    };
    let fits = |key: &&Key| key.is_of(version) && key.name.contains(&typed) && key.name != place.key;
    let mut keys: Vec<&'static Key> = BrokerConfig::KEYS.iter().filter(fits).collect();
    keys.sort_by_key(|key| (!key.name.starts_with(&typed), !key.honoured, key.name));
    keys.truncate(MOST_OFFERS);
    keys
}

/// The text with the key at `place` replaced, and where the caret stands then: behind the sign that waits for a value.
#[must_use]
pub fn complete(text: &str, place: &Place, key: &Key) -> (String, usize) {
    let (from, to) = place.span;
    let sign = if place.has_separator { "" } else { "=" };
    (format!("{}{}{sign}{}", &text[..from], key.name, &text[to..]), from + key.name.len() + 1)
}

/// A value that is not Kafka's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub key: &'static str,
    pub value: String,
    pub default: String,
}

/// What of a configuration differs from the defaults of its version.
#[must_use]
pub fn differences(config: &BrokerConfig) -> Vec<Difference> {
    let default = BrokerConfig::for_version(config.version);
    let one = |key: &Key| {
        let (value, default) = (config.get(key.name), default.get(key.name));
        (value != default).then(|| Difference {
            key: key.name,
            value: value.unwrap_or_default(),
            default: default.unwrap_or_default(),
        })
    };
    BrokerConfig::KEYS.iter().filter_map(one).collect()
}

/// `INT, milliseconds, at least 0`: what may be written, in Kafka's words.
#[must_use]
pub fn range(key: &Key) -> String {
    use crate::engine::config::Rule;
    let unit = match key.unit {
        Unit::Plain => "",
        Unit::Millis => ", ms",
        Unit::Seconds => ", s",
        Unit::Minutes => ", min",
        Unit::Hours => ", h",
        Unit::Bytes => ", bytes",
    };
    let rule = match key.rule {
        Rule::AtLeast(least) => format!(", ≥ {least}"),
        Rule::Between(least, most) => format!(", {least} … {most}"),
        Rule::NotNegative => ", ≥ 0".to_owned(),
        Rule::OneOf(words) | Rule::ListOf(words) => format!(": {}", words.join(" | ")),
        Rule::Any if key.kind == Kind::Boolean => ": true | false".to_owned(),
        Rule::NoneTwice => ": a,b,…".to_owned(),
        Rule::Any | Rule::NotEmpty => String::new(),
    };
    format!("{}{unit}{rule}", key.kind.name())
}

/// The file that would bring about what a broker does now.
#[must_use]
pub fn text_of(world: &World, broker: BrokerId) -> String {
    let Some(node) = world.broker(broker) else { return String::new() };
    let mut values: BTreeMap<String, String> =
        node.written_config().overrides().map(|(key, value)| (key.to_owned(), value)).collect();
    for whose in [None, Some(broker)] {
        let set = node.image().broker_overrides(whose);
        values.extend(set.map(|(key, value)| (key.to_string(), value.to_string())));
    }
    values.into_iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// What applying a text would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub commands: Vec<Command>,
    /// Keys that change on brokers that run.
    pub at_once: Vec<&'static str>,
    /// Keys that wait for a restart.
    pub after_restart: Vec<&'static str>,
}

/// Makes the text the configuration of one broker, or of all of them.
#[must_use]
pub fn plan(world: &World, target: Option<BrokerId>, read: &ServerProperties) -> Plan {
    let mut plan = Plan::default();
    let written: Properties = read
        .taken
        .iter()
        .filter(|entry| !IDENTITY.contains(&entry.key.as_str()))
        .map(|entry| (entry.key.clone(), entry.value.trim().to_owned()))
        .collect();
    let meant: Vec<_> = world.brokers().filter(|(id, _)| target.is_none_or(|target| target == *id)).collect();
    let mut set = BTreeMap::<&'static str, String>::new();
    for (id, broker) in &meant {
        let mut file = written.clone();
        let kept = broker.written_config().overrides().filter(|(key, _)| IDENTITY.contains(key));
        file.extend(kept.map(|(key, value)| (key.to_owned(), value)));
        let pairs = crate::engine::config::Properties::from_pairs(file.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        let (then, _) = BrokerConfig::from_properties(read.config.version, &pairs);
        if then.overrides().ne(broker.written_config().overrides()) {
            plan.commands.push(Command::WriteProperties { broker: *id, properties: file });
        }
        for key in BrokerConfig::KEYS {
            let (now, wanted) = (broker.config().get(key.name), then.get(key.name));
            if now == wanted {
                continue;
            }
            let is_dynamic = key.update != Update::ReadOnly && then.version.changes_broker_configs_at_run_time();
            match wanted.filter(|_| is_dynamic) {
                Some(wanted) => {
                    set.insert(key.name, wanted);
                    plan.at_once.push(key.name);
                }
                None => plan.after_restart.push(key.name),
            }
        }
    }
    for keys in [&mut plan.at_once, &mut plan.after_restart] {
        keys.sort_unstable();
        keys.dedup();
    }
    if set.is_empty() {
        return plan;
    }
    // One value for all brokers only counts where no broker has one of its own.
    if target.is_none() {
        for (id, broker) in &meant {
            let own = broker.image().broker_overrides(Some(*id)).map(|(key, _)| key.to_string());
            let delete: Vec<String> = own.filter(|key| set.contains_key(key.as_str())).collect();
            if !delete.is_empty() {
                let configs = Properties::new();
                plan.commands.push(Command::AlterBrokerConfig { broker: Some(*id), configs, delete });
            }
        }
    }
    let configs = set.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    plan.commands.push(Command::AlterBrokerConfig { broker: target, configs, delete: Vec::new() });
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::engine::common::{Span, Time};
    use crate::engine::config::{Scope, keys, read_server_properties};

    #[test]
    fn every_key_is_explained_in_chinese() {
        for scope in [Scope::Broker, Scope::Topic] {
            for key in keys(scope) {
                let doc = chinese(key.name).unwrap_or_else(|| panic!("{} has no Chinese sentence", key.name));
                assert!(doc.ends_with('。'), "{}: one whole sentence, please", key.name);
            }
        }
        for line in CHINESE.lines() {
            let name = line.split('\t').next().unwrap_or_default();
            let known = |scope| keys(scope).iter().any(|key| key.name == name);
            assert!(known(Scope::Broker) || known(Scope::Topic), "{name} is no key of the tables");
        }
    }

    #[test]
    fn the_caret_knows_its_key() {
        let text = "# log.r\n  log.ret = 5\nnum";
        let at = |caret| place(text, caret);
        assert_eq!((at(3).key.as_str(), at(3).typed), ("", None));
        let key = at(17);
        assert_eq!((key.line, key.key.as_str(), key.typed.as_deref()), (2, "log.ret", Some("log.ret")));
        assert_eq!(at(19).typed, None, "in the value");
        assert_eq!(at(19).key, "log.ret");
        assert_eq!(at(text.len()).typed.as_deref(), Some("num"));
        let names: Vec<_> = offers(&key, KafkaVersion::V4_3).iter().map(|key| key.name).collect();
        assert_eq!(names[0], "log.retention.bytes");
        let (done, caret) = complete(text, &key, BrokerConfig::key("log.retention.ms").unwrap());
        assert_eq!(done, "# log.r\n  log.retention.ms = 5\nnum");
        assert_eq!(&done[..caret], "# log.r\n  log.retention.ms ");
        let (done, caret) = complete(text, &at(text.len()), BrokerConfig::key("num.partitions").unwrap());
        assert!(done.ends_with("\nnum.partitions=") && caret == done.len());
    }

    fn apply(world: &mut World, target: Option<u32>, text: &str) -> Plan {
        let plan = plan(world, target.map(BrokerId), &read_server_properties(KafkaVersion::V4_3, text));
        for command in &plan.commands {
            world.apply(command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        }
        world.run_until(world.now() + Span::secs(1));
        plan
    }

    #[test]
    fn applying_changes_at_once_what_kafka_can_and_writes_the_rest_down() {
        // With eligible leader replicas, brokers may not be given a min.insync.replicas of their own.
        let features = [("eligible.leader.replicas.version".to_owned(), 0)].into();
        let mut world = World::new(Setup { features, ..Setup::default() }).unwrap();
        world.run_until(Time::ZERO + Span::secs(3));
        let text = "min.insync.replicas=2\nreplica.lag.time.max.ms=15000\nnode.id=9\n";
        let plan = apply(&mut world, None, text);
        assert_eq!((plan.at_once, plan.after_restart), (vec!["min.insync.replicas"], vec!["replica.lag.time.max.ms"]));
        for (_, broker) in world.brokers() {
            assert_eq!(broker.config().min_insync_replicas, 2);
            let pending: Vec<_> = broker.pending_restart().into_iter().map(|(key, ..)| key).collect();
            assert_eq!(pending, ["replica.lag.time.max.ms"]);
        }
        assert_eq!(apply(&mut world, None, text).commands, [], "applied twice is applied once");
        assert_eq!(text_of(&world, BrokerId(1)), "min.insync.replicas=2\nreplica.lag.time.max.ms=15000\n");

        apply(&mut world, Some(2), "min.insync.replicas=3\nreplica.lag.time.max.ms=15000\n");
        let in_effect = |world: &World| -> Vec<u32> {
            world.brokers().map(|(_, broker)| broker.config().min_insync_replicas).collect()
        };
        assert_eq!(in_effect(&world), [2, 3, 2]);
        apply(&mut world, None, "");
        assert_eq!(in_effect(&world), [1, 1, 1], "back to the default, on broker 2 as well");
        assert!(world.brokers().all(|(_, broker)| broker.pending_restart().is_empty()));
    }

    #[test]
    fn differences_are_against_the_version() {
        let read = read_server_properties(KafkaVersion::V2_3, "replica.lag.time.max.ms=30000\nnum.partitions=1\n");
        let told: Vec<_> = differences(&read.config).into_iter().map(|d| (d.key, d.value, d.default)).collect();
        assert_eq!(told, [("replica.lag.time.max.ms", "30000".to_owned(), "10000".to_owned())]);
    }
}
