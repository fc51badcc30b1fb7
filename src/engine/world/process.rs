//! A process of any kind: the one place that knows every kind of node.

use crate::engine::clients::{Admin, Consumer, Producer};
use crate::engine::common::NodeId;
use crate::engine::controller::Controller;
use crate::engine::domain::{Ctx, Kafka, Timer, Token};
use crate::engine::protocol::Body;
use crate::engine::queue::{QueueBroker, QueueProducer, QueueWorker};
use crate::engine::runtime::{Crash, Node};
use crate::engine::server::Broker;
use crate::engine::zookeeper::ZooKeeper;

/// A process of any kind.
#[derive(Clone, Debug)]
pub enum Process {
    Controller(Box<Controller>),
    Broker(Box<Broker>),
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Admin(Box<Admin>),
    QueueBroker(Box<QueueBroker>),
    QueueProducer(Box<QueueProducer>),
    QueueWorker(Box<QueueWorker>),
    ZooKeeper(Box<ZooKeeper>),
}

macro_rules! each {
    ($process:expr, $node:ident => $do:expr) => {
        match $process {
            Process::Controller($node) => $do,
            Process::Broker($node) => $do,
            Process::Producer($node) => $do,
            Process::Consumer($node) => $do,
            Process::Admin($node) => $do,
            Process::QueueBroker($node) => $do,
            Process::QueueProducer($node) => $do,
            Process::QueueWorker($node) => $do,
            Process::ZooKeeper($node) => $do,
        }
    };
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        each!(self, node => node.start(ctx));
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        each!(self, node => node.message(ctx, from, body));
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        each!(self, node => node.timer(ctx, timer));
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        each!(self, node => node.flushed(ctx, token));
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        each!(self, node => node.disconnected(ctx, peer));
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        each!(self, node => node.stop(ctx));
    }

    fn exited(&mut self) {
        each!(self, node => node.exited());
    }

    fn crash(&mut self, how: Crash) {
        each!(self, node => node.crash(how));
    }
}
