//! A broker's log directories and the disks beneath them: what is wrong with each, and what can go wrong.

use yew::prelude::*;

use super::parts::{command, commands, section};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::state::page::Page;
use crate::engine::command::{Command, Target};
use crate::engine::common::BrokerId;
use crate::engine::storage::{DeletedLog, LogDir};

/// What a disk may have left before it is full: some batches, so that the class sees the last of them fit.
const LITTLE_BYTES: u64 = 10_000;

/// Of directories on their way out, the latest so many are shown.
const SHOWN: usize = 12;

pub fn view(page: &Page, text: &Text, id: BrokerId) -> Html {
    let dirs: Vec<(LogDir, u64)> = {
        let model = page.model();
        let Some(broker) = model.session().world().broker(id) else { return html! {} };
        let logs = broker.logs();
        logs.dirs().iter().map(|dir| (dir.clone(), logs.used_bytes(&dir.path))).collect()
    };
    let renamed: Vec<(String, DeletedLog)> = {
        let model = page.model();
        let broker = model.session().world().broker(id);
        let logs = broker.map(|broker| broker.logs().deleted_logs());
        logs.into_iter().flatten().map(|(dir, log)| (format!("{}/{}", dir.path, log.name), log.clone())).collect()
    };
    let gone = |(path, log): &(String, DeletedLog)| {
        let when = match log.removed_at {
            Some(at) => text.get_with("ui-removed-at", &[("time", at.to_string().into())]),
            None => text.get("ui-stays-on-disk"),
        };
        html! {
            <li key={path.clone()}>
                <span class="files__gone">{ path }</span>
                <small>{ text.get_with("ui-disk-bytes", &[("bytes", log.bytes.to_string().into())]) }{ " · " }{ when }</small>
            </li>
        }
    };
    let line = |(dir, used): &(LogDir, u64)| {
        let (key, class) = condition(dir, *used);
        html! {
            <tr key={dir.path.to_string()} data-disk={dir.path.to_string()}>
                <th scope="row"><code>{ &*dir.path }</code></th>
                <td>{ text.get_with("ui-disk-bytes", &[("bytes", used.to_string().into())]) }</td>
                <td class={classes!("role", class)}>{ text.get(key) }</td>
            </tr>
        }
    };
    section(
        text.get("ui-disks"),
        html! {
            <>
                <table class="table table--tight disks"><tbody>{ for dirs.iter().map(line) }</tbody></table>
                if !renamed.is_empty() {
                    <ul class="files">{ for renamed.iter().rev().take(SHOWN).map(gone) }</ul>
                }
                { commands(buttons(page, text, id)) }
            </>
        },
    )
}

/// Every verb for every directory of a broker; with one directory alone, none needs its name.
pub fn buttons(page: &Page, text: &Text, id: BrokerId) -> Vec<Html> {
    let paths: Vec<String> = {
        let model = page.model();
        let broker = model.session().world().broker(id);
        broker.map(|broker| broker.logs().dirs().iter().map(|dir| dir.path.to_string()).collect()).unwrap_or_default()
    };
    let alone = paths.len() == 1;
    let of = |path: &String| {
        let node = || Target::Broker(id);
        let directory = || (!alone).then(|| path.clone());
        let label = |key| match directory() {
            Some(path) => AttrValue::from(format!("{} {path}", text.get(key))),
            None => text.get(key),
        };
        let fill = |free| Command::FillDisk { node: node(), directory: directory(), free };
        let fail = Command::FailDisk { node: node(), directory: directory() };
        let repair = Command::RepairDisk { node: node(), directory: directory() };
        [
            command(page, Icon::Bolt, label("ui-disk-fail"), fail),
            command(page, Icon::Tray, label("ui-disk-little"), fill(LITTLE_BYTES)),
            command(page, Icon::Tray, label("ui-disk-fill"), fill(0)),
            command(page, Icon::Redo, label("ui-disk-repair"), repair),
        ]
    };
    paths.iter().flat_map(of).collect()
}

/// In words, and in which tone. A broker learns of a bad disk by writing, and of a good one by starting.
fn condition(dir: &LogDir, used: u64) -> (&'static str, &'static str) {
    let is_full = dir.capacity.is_some_and(|capacity| capacity <= used);
    match (dir.is_offline, dir.is_broken, dir.capacity) {
        (true, false, None) => ("ui-disk-repaired", "role--out"),
        (true, ..) => ("ui-disk-offline", "role--offline"),
        (false, true, _) => ("ui-disk-broken", "role--out"),
        (false, false, Some(_)) if is_full => ("ui-disk-full", "role--out"),
        (false, false, Some(_)) => ("ui-disk-filling", "role--out"),
        (false, false, None) => ("ui-disk-sound", "role--insync"),
    }
}
