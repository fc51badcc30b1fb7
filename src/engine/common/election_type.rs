//! Which leader an operator wants (`org.apache.kafka.common.ElectionType`).

use serde::{Deserialize, Serialize};

/// `ElectionType`, as the tool spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ElectionType {
    /// The first replica of the assignment, if it is in sync.
    Preferred,
    /// For a partition without a leader: any replica that lives.
    Unclean,
}

impl ElectionType {
    /// The constant's name, which the tool prints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Preferred => "PREFERRED",
            Self::Unclean => "UNCLEAN",
        }
    }
}
