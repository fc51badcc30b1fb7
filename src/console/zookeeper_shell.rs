//! `zookeeper-shell.sh`: looking at the znodes, in the words of ZooKeeper's own command line
//! (`LsCommand`, `GetCommand`, `StatCommand`, `StatPrinter`).

use super::words::ConsoleProblem;
use super::{Entry, Question};
use crate::engine::World;
use crate::engine::common::Time;
use crate::engine::protocol::Stat;
use crate::engine::zookeeper::{DataTree, Znode};

/// What to show of a znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Ls,
    /// `ls -R`
    LsRecursive,
    Get,
    /// `get -s`
    GetWithStat,
    Stat,
}

/// `zookeeper-shell[.sh] [host:port] ls|get|stat [-R|-s] PATH`
pub(super) fn parse(words: &[String]) -> Result<Entry, ConsoleProblem> {
    let mut words = words.iter().map(String::as_str).filter(|word| !word.contains(':')).peekable();
    let usage = "write: zookeeper-shell ls /brokers/ids, ls -R /, get /controller, get -s PATH or stat PATH";
    let verb = words.next().ok_or_else(|| ConsoleProblem::new("zookeeper-shell wants a command", usage))?;
    let flag = words.next_if(|word| word.starts_with('-'));
    let look = match (verb, flag) {
        ("ls", None) => Look::Ls,
        ("ls", Some("-R")) => Look::LsRecursive,
        ("get", None) => Look::Get,
        ("get", Some("-s")) => Look::GetWithStat,
        ("stat", None) => Look::Stat,
        _ => return Err(ConsoleProblem::new(format!("zookeeper-shell does not know '{verb}' here"), usage)),
    };
    let path = words.next().ok_or_else(|| ConsoleProblem::new(format!("{verb} wants a path"), usage))?;
    let is_path = path.starts_with('/') && (path == "/" || !path.ends_with('/'));
    if !is_path || words.next().is_some() {
        return Err(ConsoleProblem::new(format!("'{path}' is not the path of a znode"), usage));
    }
    Ok(Entry::Ask(Question::Znode { look, path: path.to_owned() }))
}

/// What a shell connected to a serving server prints.
pub(super) fn answer(world: &World, look: Look, path: &str) -> String {
    if world.zookeepers().next().is_none() {
        return "There is no ZooKeeper here: this cluster keeps its metadata in a KRaft quorum.".to_owned();
    }
    let serving = |(id, _): &(_, _)| world.is_up(crate::engine::common::NodeId::ZooKeeper(*id));
    let Some((_, server)) = world.zookeepers().filter(serving).find(|(_, server)| server.serves()) else {
        return format!("Connecting to localhost:2181\nKeeperErrorCode = ConnectionLoss for {path}");
    };
    let head = "Connecting to localhost:2181\n\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null";
    format!("{head}\n{}", show(server.tree(), look, path))
}

fn show(tree: &DataTree, look: Look, path: &str) -> String {
    let Some(node) = tree.get(path) else { return format!("Node does not exist: {path}") };
    match look {
        Look::Ls => format!("[{}]", node.children().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")),
        Look::LsRecursive => {
            let mut lines = Vec::new();
            walk(tree, path, node, &mut lines);
            lines.join("\n")
        }
        Look::Get => data(node),
        Look::GetWithStat => format!("{}\n{}", data(node), stat(&node.stat())),
        Look::Stat => stat(&node.stat()),
    }
}

fn data(node: &Znode) -> String {
    if node.data().is_empty() { "null".to_owned() } else { node.data().to_string() }
}

/// A znode before its children, those in the order of their names.
fn walk(tree: &DataTree, path: &str, node: &Znode, lines: &mut Vec<String>) {
    lines.push(path.to_owned());
    for name in node.children() {
        let child = if path == "/" { format!("/{name}") } else { format!("{path}/{name}") };
        if let Some(node) = tree.get(&child) {
            walk(tree, &child, node, lines);
        }
    }
}

fn stat(stat: &Stat) -> String {
    let owner = stat.ephemeral_owner.map_or("0x0".to_owned(), |owner| owner.to_string());
    format!(
        "cZxid = {}\nctime = {}\nmZxid = {}\nmtime = {}\npZxid = {}\ncversion = {}\ndataVersion = {}\naclVersion = 0\n\
         ephemeralOwner = {owner}\ndataLength = {}\nnumChildren = {}",
        stat.czxid,
        date(stat.ctime),
        stat.mzxid,
        date(stat.mtime),
        stat.pzxid,
        stat.cversion,
        stat.version,
        stat.data_length,
        stat.num_children
    )
}

/// As `java.util.Date` prints it; the world begins with the era, on a Thursday.
fn date(at: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = at.as_millis() / 1000;
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let weekday = DAYS[usize::try_from(day % 7).expect("a day of the week")];
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{weekday} Jan {:02} {hours:02}:{minutes:02}:{seconds:02} UTC 1970", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::engine::common::{ServerId, Span};
    use crate::engine::config::KafkaVersion;

    fn asked(line: &str) -> Result<Entry, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(&words).map_err(|problem| problem.to_string())
    }

    #[test]
    fn lines_are_read() {
        let entry = Entry::Ask(Question::Znode { look: Look::LsRecursive, path: "/".to_owned() });
        assert_eq!(asked("localhost:2181 ls -R /"), Ok(entry));
        let entry = Entry::Ask(Question::Znode { look: Look::GetWithStat, path: "/controller".to_owned() });
        assert_eq!(asked("get -s /controller"), Ok(entry));
        for wrong in ["ls", "ls brokers", "ls /brokers/", "rm /x", "get -R /x"] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_are_zookeepers() {
        let setup = Setup {
            version: KafkaVersion::V3_9,
            controllers: Vec::new(),
            zookeepers: vec![ServerId(1)],
            ..Setup::default()
        };
        let mut world = World::new(setup).unwrap();
        assert!(answer(&world, Look::Ls, "/").ends_with("KeeperErrorCode = ConnectionLoss for /"));
        world.run_until(Time::ZERO + Span::secs(5));
        assert!(answer(&world, Look::Ls, "/brokers/ids").ends_with("path:null\n[1, 2, 3]"));
        assert!(answer(&world, Look::Get, "/controller_epoch").ends_with("\n1"));
        assert!(answer(&world, Look::Get, "/brokers").ends_with("\nnull"));
        assert!(answer(&world, Look::Get, "/x").ends_with("\nNode does not exist: /x"));
        assert!(answer(&world, Look::LsRecursive, "/brokers").ends_with("\n/brokers/seqid\n/brokers/topics"));
        let stat = answer(&world, Look::Stat, "/controller");
        assert!(stat.contains("\ndataVersion = 0\naclVersion = 0\nephemeralOwner = 0x1"), "{stat}");
        assert!(stat.contains("ctime = Thu Jan 01 00:00:00 UTC 1970"), "{stat}");
        let kraft = World::new(Setup::default()).unwrap();
        assert!(answer(&kraft, Look::Ls, "/").starts_with("There is no ZooKeeper here"));
    }
}
