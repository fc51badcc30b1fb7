//! What a simulated system supplies to the kernel: its nodes, messages, timers and facts.

use std::fmt::Debug;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::fact::RuntimeFact;
use crate::engine::common::NodeId;

/// The types of one simulated system. Implemented by an empty marker type.
pub trait Domain: Clone + Debug + 'static {
    /// What travels between nodes.
    type Body: Clone + Debug;
    /// Which alarm rang.
    type Timer: Clone + Debug;
    /// Handed back when a flush is done, so that a node knows which.
    type Token: Clone + Debug;
    /// A few words about a body that the trace keeps after the body itself is gone.
    type Digest: Clone + Debug + Hash;
    /// What happened, in the past tense.
    type Fact: Clone + Debug + Hash + From<RuntimeFact<Self::Digest>>;

    fn digest(body: &Self::Body) -> Self::Digest;

    /// Is `body` for a process that opened a connection, and then for which life of it?
    fn meant_for(_body: &Self::Body) -> MeantFor {
        MeantFor::Whoever
    }

    /// Notes in a request which life of its sender asks, so that the answer can bring it back. Of an answer it takes the
    /// note off.
    fn sign(_body: &mut Self::Body, _life: Life) {}
}

/// How often a process was started before: a connection ends with the life of the process that opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Life(pub u32);

/// Whom a message can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeantFor {
    /// Whatever process listens at the address: the message opens a connection if there is none.
    Whoever,
    /// The very process that asked: an answer travels on the asker's connection.
    Asker(Life),
    /// The process that the sender last heard from.
    LastHeard,
}

/// One process. Everything it learns arrives through these verbs; everything it does leaves through the context.
pub trait Node<D: Domain>: Clone + Debug {
    /// The process begins: for the first time, or again after a crash with whatever was durable.
    fn start(&mut self, ctx: &mut Context<'_, D>);

    fn message(&mut self, ctx: &mut Context<'_, D>, from: NodeId, body: D::Body);

    fn timer(&mut self, ctx: &mut Context<'_, D>, timer: D::Timer);

    /// What was handed to [`Context::flush`] is on the platter.
    fn flushed(&mut self, _ctx: &mut Context<'_, D>, _token: D::Token) {}

    /// The connection with `peer` broke, or could not be made.
    fn disconnected(&mut self, _ctx: &mut Context<'_, D>, _peer: NodeId) {}

    /// It is told to end in good order (SIGTERM). What has nothing to settle just goes.
    fn stop(&mut self, ctx: &mut Context<'_, D>) {
        ctx.exit();
    }

    /// It has ended in good order: what it wrote on its way out is on the platter, the rest is gone as after a crash.
    fn exited(&mut self) {
        self.crash(Crash::Process);
    }

    /// The process is gone. Drop what was volatile; on power loss also what was never flushed.
    fn crash(&mut self, how: Crash);
}

/// How a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crash {
    /// `kill -9`: the operating system lives on, so its page cache survives and peers see a reset at once.
    Process,
    /// The machine goes dark: unflushed bytes are lost, and peers hear nothing at all.
    Power,
}
