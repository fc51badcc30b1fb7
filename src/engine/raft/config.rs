//! What the quorum reads of `server.properties` (`QuorumConfig`, `MetadataLogConfig`).

use crate::engine::common::{Sabotage, Span};
use crate::engine::config::{Bound, BrokerConfig};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaftConfig {
    /// `controller.quorum.election.timeout.ms`; as much again is drawn at random.
    pub election_timeout: Span,
    /// `controller.quorum.fetch.timeout.ms`
    pub fetch_timeout: Span,
    /// `controller.quorum.election.backoff.max.ms`
    pub election_backoff_max: Span,
    /// `controller.quorum.append.linger.ms`
    pub append_linger: Span,
    /// `controller.quorum.request.timeout.ms`
    pub request_timeout: Span,
    /// `controller.quorum.retry.backoff.ms`
    pub retry_backoff: Span,
    /// `metadata.max.retention.bytes`
    pub retention_bytes: Bound<u64>,
    /// `metadata.max.retention.ms`
    pub retention: Bound<Span>,
    /// Ask before an election whether it has a chance (KIP-996). Kafka does so since 4.0; before that a voter that hears
    /// of no leader becomes a candidate at once.
    pub pre_vote: bool,
    pub sabotage: Sabotage,
}

impl RaftConfig {
    #[must_use]
    pub fn new(config: &BrokerConfig) -> Self {
        Self {
            election_timeout: config.controller_quorum_election_timeout,
            fetch_timeout: config.controller_quorum_fetch_timeout,
            election_backoff_max: config.controller_quorum_election_backoff_max,
            append_linger: config.controller_quorum_append_linger,
            request_timeout: config.controller_quorum_request_timeout,
            retry_backoff: config.controller_quorum_retry_backoff,
            retention_bytes: config.metadata_max_retention_bytes,
            retention: config.metadata_max_retention,
            pre_vote: config.version.pre_votes(),
            sabotage: config.sabotage,
        }
    }
}
