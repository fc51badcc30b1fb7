//! Servers and clients over a real kernel: what a client may rely on, and what an ensemble does without its leader.

use std::collections::BTreeMap;

use super::*;
use crate::engine::common::{ClientId, NodeId, ServerId, Span, Time};
use crate::engine::protocol::{
    Body, CreateMode, WatchEvent, WatchKind, ZkError, ZkOp, ZkOutcome, ZkReply, ZooKeeperMessage,
};
use crate::engine::runtime::{Crash, Kernel, Latency, Node, TraceRecord};
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Timer, Token};

mod ensemble;
mod sessions;

type Tag = u32;

#[derive(Clone, Debug)]
enum Process {
    Server(Box<ZooKeeper>),
    Client(Box<Program>),
}

/// A program with one session; it keeps what it hears.
#[derive(Clone, Debug)]
struct Program {
    session: Session<Tag>,
    heard: Vec<(Time, SessionEvent<Tag>)>,
}

/// Any alarm will do: a program here has no other.
fn alarm() -> Timer {
    ZooKeeperTimer::HalfTick.into()
}

impl Program {
    fn hear(&mut self, ctx: &mut Ctx<'_>, events: Vec<SessionEvent<Tag>>) {
        self.heard.extend(events.into_iter().map(|event| (ctx.now(), event)));
        self.session.arm(ctx, alarm);
    }
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        match self {
            Self::Server(server) => server.start(ctx),
            Self::Client(program) => {
                program.session.start(ctx);
                program.session.arm(ctx, alarm);
            }
        }
    }
    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match (self, body) {
            (Self::Server(server), body) => server.message(ctx, from, body),
            (Self::Client(program), Body::ZooKeeper(message)) => {
                let events = program.session.message(ctx, from, message);
                program.hear(ctx, events);
            }
            (node, body) => panic!("{node:?} cannot take {body:?}"),
        }
    }
    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match self {
            Self::Server(server) => server.timer(ctx, timer),
            Self::Client(program) => {
                let events = program.session.alarm(ctx, alarm);
                program.hear(ctx, events);
            }
        }
    }
    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Self::Server(server) = self {
            server.flushed(ctx, token);
        }
    }
    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        match self {
            Self::Server(server) => server.disconnected(ctx, peer),
            Self::Client(program) => {
                let events = program.session.disconnected(ctx, peer);
                program.hear(ctx, events);
            }
        }
    }
    fn crash(&mut self, how: Crash) {
        if let Self::Server(server) = self {
            server.crash(how);
        }
    }
}

struct Lab {
    kernel: Kernel<Kafka, Process>,
    facts: Vec<TraceRecord<Fact>>,
    tags: BTreeMap<u32, u32>,
}

fn server(id: u32) -> NodeId {
    NodeId::ZooKeeper(ServerId(id))
}

fn client(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

fn create(path: &str, data: &str) -> ZkOp {
    ZkOp::Create { path: path.into(), data: data.into(), mode: CreateMode::Persistent }
}

fn ephemeral(path: &str) -> ZkOp {
    ZkOp::Create { path: path.into(), data: "me".into(), mode: CreateMode::Ephemeral }
}

fn set(path: &str, data: &str, version: Option<u32>) -> ZkOp {
    ZkOp::SetData { path: path.into(), data: data.into(), version }
}

fn get(path: &str, watch: bool) -> ZkOp {
    ZkOp::GetData { path: path.into(), watch }
}

fn exists(path: &str, watch: bool) -> ZkOp {
    ZkOp::Exists { path: path.into(), watch }
}

fn children(path: &str, watch: bool) -> ZkOp {
    ZkOp::GetChildren { path: path.into(), watch }
}

fn event(kind: WatchKind, path: &str) -> SessionEvent<Tag> {
    SessionEvent::Watched(WatchEvent { kind, path: path.into() })
}

impl Lab {
    /// So many servers; every message travels 1 ms, a flush takes 1 ms.
    fn new(servers: u32) -> Self {
        let mut kernel = Kernel::new(7, Latency { base: Span::millis(1), jitter: Span::ZERO });
        let ensemble: Vec<ServerId> = (1..=servers).map(ServerId).collect();
        for id in &ensemble {
            let process = Process::Server(Box::new(ZooKeeper::new(*id, ensemble.clone())));
            kernel.add_node(NodeId::ZooKeeper(*id), process);
        }
        Self { kernel, facts: Vec::new(), tags: BTreeMap::new() }
    }

    /// A client that knows only these servers.
    fn client_of(&mut self, id: u32, servers: &[u32], timeout: Span) {
        let session = Session::new(servers.iter().map(|id| server(*id)).collect(), timeout);
        let program = Program { session, heard: Vec::new() };
        self.kernel.add_node(client(id), Process::Client(Box::new(program)));
    }

    fn run(&mut self, span: Span) {
        let to = self.kernel.now() + span;
        while self.kernel.next_event_at().is_some_and(|at| at <= to) {
            self.kernel.step();
        }
        self.kernel.wait_until(to);
        self.facts.extend(self.kernel.take_trace());
    }

    fn server(&self, id: u32) -> &ZooKeeper {
        match &self.kernel.slot(server(id)).unwrap().node {
            Process::Server(server) => server,
            Process::Client(_) => unreachable!(),
        }
    }

    fn program(&self, id: u32) -> &Program {
        match &self.kernel.slot(client(id)).unwrap().node {
            Process::Client(program) => program,
            Process::Server(_) => unreachable!(),
        }
    }

    fn leader(&self) -> Option<u32> {
        let up = |id: &u32| {
            matches!(self.kernel.slot(server(*id)).unwrap().status, crate::engine::runtime::Status::Up { .. })
        };
        let servers = self.kernel.slots().filter(|(id, _)| matches!(id, NodeId::ZooKeeper(_))).count() as u32;
        (1..=servers).filter(up).find(|id| self.server(*id).leads())
    }

    /// Sends without waiting.
    fn send(&mut self, id: u32, ops: Vec<ZkOp>) -> Tag {
        let tag = self.tags.entry(id).or_default();
        *tag += 1;
        let tag = *tag;
        self.kernel.command(client(id), |process, ctx| match process {
            Process::Client(program) => {
                program.session.request(ctx, ops, tag);
                program.session.arm(ctx, alarm);
            }
            Process::Server(_) => unreachable!(),
        });
        tag
    }

    fn outcomes(&self, id: u32, tag: Tag) -> Option<Vec<ZkOutcome>> {
        self.program(id).heard.iter().find_map(|(_, event)| match event {
            SessionEvent::Answered { tag: of, outcomes, .. } if *of == tag => Some(outcomes.clone()),
            _ => None,
        })
    }

    /// Sends one request and waits for its answer.
    #[track_caller]
    fn ask(&mut self, id: u32, op: ZkOp) -> ZkOutcome {
        let tag = self.send(id, vec![op]);
        for _ in 0..100 {
            self.run(Span::millis(10));
            if let Some(outcomes) = self.outcomes(id, tag) {
                return outcomes[0].clone();
            }
        }
        panic!("no answer within a second");
    }

    /// What the client heard besides answers, and forgets it.
    fn take_heard(&mut self, id: u32) -> Vec<SessionEvent<Tag>> {
        let mut heard = Vec::new();
        self.kernel.command(client(id), |process, _| match process {
            Process::Client(program) => heard = std::mem::take(&mut program.heard),
            Process::Server(_) => unreachable!(),
        });
        heard
            .into_iter()
            .map(|(_, event)| event)
            .filter(|event| !matches!(event, SessionEvent::Answered { .. }))
            .collect()
    }

    fn when(&self, matches: impl Fn(&ZooKeeperFact) -> bool) -> Vec<Time> {
        let is = |record: &&TraceRecord<Fact>| matches!(&record.fact, Fact::ZooKeeper(fact) if matches(fact));
        self.facts.iter().filter(is).map(|record| record.at).collect()
    }
}

fn data(outcome: ZkOutcome) -> String {
    match outcome {
        Ok(ZkReply::Data { data, .. }) => data.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_have_names_of_their_own() {
    let ops = vec![create("/a", "")];
    assert_eq!(ZooKeeperMessage::Requests { first_xid: 1, ops }.name(), "create");
    assert_eq!(ZooKeeperMessage::Pong.name(), "ping reply");
}
