//! Nodes that are broken on purpose, to prove that the checker sees what it claims to see.
//!
//! A guarantee that no broken node can trip is no guarantee but a sentence. So each has a [`Mutation`]: one rule that one
//! kind of node does not keep, at the very place where a good node keeps it. Only this crate's own tests can break a node;
//! everywhere else a [`Sabotage`] is empty, has no constructor but "none", and its questions are answered at compile time.

/// A rule that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// Leader: the high watermark is the largest log end of the in-sync set, not the smallest.
    HighWatermarkIsLargest,
    /// Leader: the high watermark is whatever the slowest replica has, in sync or not, even if that is less than before.
    HighWatermarkFollowsTheSlowest,
    /// Leader: acks=all is answered like acks=1.
    AcksBeforeReplication,
    /// Leader: consumers may read to the log's end, as followers do.
    ServesUncommitted,
    /// Broker: leads every partition for which it is in sync.
    LeadsWhatItFollows,
    /// Follower: does not say of which epoch its last record is, so nobody tells it where its history parts.
    HidesItsEpoch,
    /// Controller: elects any replica that lives, whatever the configuration says of unclean elections.
    ElectsFromOutside,
    /// Controller: takes a replica's id for its process (before KIP-903).
    IgnoresBrokerEpochs,
    /// Raft voter: its own vote is majority enough.
    LeadsOnItsOwnVote,
    /// Raft leader: what is on its own disk is committed.
    CommitsAlone,
    /// Group coordinator: gives every member all partitions that its leader gave out.
    AssignsToEverybody,
    /// Consumer of 0.8: takes a partition although another's owner znode stands.
    ClaimsWhatIsOwned,
    /// Producer: a batch that failed goes behind those that wait.
    RetriesLast,
    /// Leader: writes a batch again that it has written already.
    ForgetsDuplicates,
    /// Producer: a batch that is sent again gets new sequence numbers.
    RenumbersRetries,
    /// Queue broker: hands each message to a second worker, too.
    DeliversTwice,
}

/// Which rule this node breaks, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sabotage {
    #[cfg(test)]
    mutation: Option<Mutation>,
}

impl Sabotage {
    #[cfg(test)]
    pub fn of(mutation: Mutation) -> Self {
        Self { mutation: Some(mutation) }
    }

    /// Does this node break that rule?
    #[must_use]
    pub fn breaks(self, mutation: Mutation) -> bool {
        #[cfg(test)]
        return self.mutation == Some(mutation);
        #[cfg(not(test))]
        {
            let _ = mutation;
            false
        }
    }
}
