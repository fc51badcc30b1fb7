//! The macro that turns one declarative table of keys into a typed struct, its defaults, `set`, `get` and `KEYS`.
//!
//! One line of a table is the only place where a key is spelled, typed and explained: the struct's field, the default
//! value, the texts of an editor and the reading of a `.properties` file all come from it, so they cannot disagree.

use super::Problem;

/// What one config demands across its keys.
pub(super) trait Rules {
    /// Recomputes values that Kafka derives from others when the user did not set them.
    fn adjust(&mut self) {}

    /// Combinations that Kafka refuses or changes, and values that the simulator knows but does not act on.
    fn check(&self) -> Vec<Problem>;
}

/// `config! { /// doc  Name of Scope { live|idle field: Type = "key", Kind, Unit, Rule, default, Update, "acts", "doc"; } }`
///
/// `live` keys are honoured, `idle` ones are kept and shown but nothing acts on them yet. A default of `null` is Java's
/// null (or a required key) and needs a field type that can be absent.
macro_rules! config {
    (@honoured live) => { true };
    (@honoured idle) => { false };
    (@default null) => { None };
    (@default $text:literal) => { Some($text) };
    (
        $(#[$meta:meta])*
        $name:ident of $scope:ident {
            $($honoured:ident $field:ident: $type:ty = $key:literal, $kind:ident, $unit:ident, $rule:expr, $default:tt,
                $update:ident, $acts:literal, $doc:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $(
                #[doc = concat!("`", $key, "`: ", $doc)]
                pub $field: $type,
            )*
            /// Whose defaults, ranges and behaviour hold.
            pub version: crate::engine::config::KafkaVersion,
            /// The keys that were set by hand; the others hold their defaults or what follows from these.
            pub explicit: std::collections::BTreeSet<&'static str>,
            /// Which rule the node breaks on purpose: none, except in this crate's tests.
            pub sabotage: crate::engine::common::Sabotage,
        }

        impl Default for $name {
            /// Kafka 4.3 as it comes.
            fn default() -> Self {
                Self::for_version(crate::engine::config::KafkaVersion::default())
            }
        }

        impl $name {
            /// That version's Kafka as it comes.
            #[must_use]
            pub fn for_version(version: crate::engine::config::KafkaVersion) -> Self {
                let mut keys = Self::KEYS.iter();
                $(
                    let key = keys.next().expect("one key per field").at(version);
                    debug_assert_eq!(key.name, $key);
                    let $field: $type = crate::engine::config::value::default_of(&key);
                )*
                let mut config = Self { $($field,)* version, explicit: std::collections::BTreeSet::new(), sabotage: Default::default() };
                crate::engine::config::table::Rules::adjust(&mut config);
                config
            }

            /// The table: every key with a field here, in the order of the struct.
            pub const KEYS: &'static [crate::engine::config::Key] = &[$(crate::engine::config::Key {
                scope: crate::engine::config::Scope::$scope,
                name: $key,
                kind: crate::engine::config::Kind::$kind,
                unit: crate::engine::config::Unit::$unit,
                rule: $rule,
                default: config!(@default $default),
                update: crate::engine::config::Update::$update,
                honoured: config!(@honoured $honoured),
                acts: $acts,
                doc: $doc,
            },)*];

            /// The table's line of `name`.
            #[must_use]
            pub fn key(name: &str) -> Option<&'static crate::engine::config::Key> {
                Self::KEYS.iter().find(|key| key.name == name)
            }

            /// Takes `value` for `name`, as a line of a `.properties` file or a `--config` flag would.
            ///
            /// # Errors
            /// The key is unknown, not simulated, or the value is one that Kafka refuses; nothing has changed then.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), crate::engine::config::Problem> {
                match name {
                    $($key => {
                        let key = Self::key($key).expect("every field has its line in the table").at(self.version);
                        if key.is_gone(self.version) {
                            return Err(crate::engine::config::known::gone(&key));
                        }
                        if !key.is_of(self.version) {
                            return Err(crate::engine::config::known::not_yet(&key, self.version));
                        }
                        self.$field = crate::engine::config::value::read(&key, value)?;
                        self.explicit.insert($key);
                    })*
                    _ => return Err(crate::engine::config::known::stranger(
                        crate::engine::config::Scope::$scope, name,
                    )),
                }
                crate::engine::config::table::Rules::adjust(self);
                Ok(())
            }

            /// Goes back to the default (`kafka-configs.sh --alter --delete-config`).
            ///
            /// # Errors
            /// The key is not in the table.
            pub fn unset(&mut self, name: &str) -> Result<(), crate::engine::config::Problem> {
                match name {
                    $($key => {
                        let key = Self::key($key).expect("every field has its line in the table").at(self.version);
                        self.$field = crate::engine::config::value::default_of(&key);
                        self.explicit.remove($key);
                    })*
                    _ => return Err(crate::engine::config::known::stranger(
                        crate::engine::config::Scope::$scope, name,
                    )),
                }
                crate::engine::config::table::Rules::adjust(self);
                Ok(())
            }

            /// The value in effect as Kafka writes it; `None` for Java's null and for keys outside the table.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<String> {
                match name {
                    $($key => {
                        let key = Self::key($key).expect("every field has its line in the table").at(self.version);
                        crate::engine::config::value::Field::write(&self.$field, &key)
                    })*
                    _ => None,
                }
            }

            /// What was set by hand, by name.
            pub fn overrides(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
                self.explicit.iter().filter_map(|name| Some((*name, self.get(name)?)))
            }

            /// Combinations that Kafka refuses or changes, and values that are known but not simulated yet.
            #[must_use]
            pub fn check(&self) -> Vec<crate::engine::config::Problem> {
                crate::engine::config::table::Rules::check(self)
            }

            /// Reads a whole set of properties; what could not be taken is told, never dropped in silence.
            #[must_use]
            pub fn from_properties(
                version: crate::engine::config::KafkaVersion,
                properties: &crate::engine::config::Properties,
            ) -> (Self, Vec<crate::engine::config::Problem>) {
                let mut config = Self::for_version(version);
                let mut problems = Vec::new();
                for entry in properties.entries() {
                    let outcome = config.set(&entry.key, &entry.value);
                    let told = outcome.err().or_else(|| Self::key(&entry.key)?.idle_problem());
                    problems.extend(told.map(|problem| problem.at(entry.line)));
                }
                for problem in config.check() {
                    let line = properties.line_of(&problem.key);
                    problems.push(problem.at(line));
                }
                (config, problems)
            }
        }
    };
}
