//! A broker process: replicas, purgatories, fetchers, its life with the controller.
mod fact;
pub use fact::BrokerFact;
/// Placeholder until the broker lands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BrokerTimer {}
