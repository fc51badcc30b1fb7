//! Which facts are the landmarks that a reader may ask to run to.

use super::action::Landmark;
use crate::engine::clients::ConsumerFact;
use crate::engine::controller::ControllerFact;
use crate::engine::coordinator::GroupFact;
use crate::engine::runtime::RuntimeFact;
use crate::engine::server::BrokerFact;
use crate::engine::trace::{Fact, Record};
use crate::view::explain::{Lane, lane};

/// Is this fact such a landmark?
#[must_use]
pub fn is(landmark: Landmark, record: &Record) -> bool {
    match landmark {
        Landmark::Event => lane(&record.fact) != Lane::Noise,
        Landmark::Lane(wanted) => lane(&record.fact) == wanted,
        Landmark::HighWatermark => {
            matches!(&record.fact, Fact::Broker(BrokerFact::HighWatermarkMoved { ends, .. }) if !ends.is_empty())
        }
        Landmark::LeaderChange => matches!(record.fact, Fact::Controller(ControllerFact::LeaderElected { .. })),
        Landmark::Rebalance => matches!(record.fact, Fact::Group(GroupFact::GenerationBegun { .. })),
        Landmark::Commit => matches!(
            record.fact,
            Fact::Group(GroupFact::OffsetCommitted { .. }) | Fact::Consumer(ConsumerFact::Committed { .. })
        ),
        Landmark::Loss => {
            matches!(record.fact, Fact::Broker(BrokerFact::Truncated { .. }) | Fact::Runtime(RuntimeFact::Lost { .. }))
                && lane(&record.fact) != Lane::Noise
        }
    }
}
