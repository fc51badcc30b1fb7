//! A consumer group: its state in Kafka's word, its members and how far each has read.

use yew::prelude::*;

use super::parts::{command, commands, facts, head, link_to, or_none, row, section};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::command::{Command, OffsetTarget};
use crate::engine::common::{BrokerId, NodeId};
use crate::view::scene::{GroupCard, MemberState, Progress};

pub fn view(page: &Page, text: &Text, name: &str) -> Option<Html> {
    let group = page.scene.groups.iter().find(|group| group.badge.group == name)?;
    let coordinator = group.coordinator.map(|id| NodeId::Broker(BrokerId(id)));
    Some(html! {
        <>
            { head(text.get("ui-group"), html! { <><i class="group-badge">{ &group.badge.letter }</i>{ name }</> }) }
            <section class="inspector__section">
                { facts(vec![
                    row(text.get("ui-state"), group.state.clone()),
                    row("generation", or_none(text, group.generation)),
                    row("lag", group.lag.to_string()),
                    row(text.get("ui-processed"), group.processed.to_string()),
                    row(text.get("ui-read-twice"), group.read_twice.to_string()),
                ]) }
                if let Some(node) = coordinator {
                    <p class="inspector__links">
                        { text.get("ui-coordinator") }{ " " }{ link_to(page, Selection::Node(node), node.to_string()) }
                    </p>
                }
            </section>
            { for group.members.iter().map(|member| section(AttrValue::from(member.name.clone()), html! {
                <>
                    <p class="inspector__links">
                        { text.get(member_state(member.state)) }{ " · " }
                        { link_to(page, Selection::Member(member.node), text.get("ui-open")) }
                    </p>
                    { progress(page, text, &member.partitions) }
                </>
            })) }
            if !group.unowned.is_empty() { { section(text.get("stage-nobody-reads"), progress(page, text, &group.unowned)) } }
            { section(text.get("ui-do"), resets(page, text, group)) }
        </>
    })
}

fn member_state(state: MemberState) -> &'static str {
    match state {
        MemberState::Down => "stage-member-down",
        MemberState::Paused => "stage-member-paused",
        MemberState::Connecting => "stage-member-connecting",
        MemberState::Joining => "stage-member-joining",
        MemberState::Active => "stage-member-active",
        MemberState::Evicted => "stage-member-evicted",
    }
}

/// As `kafka-consumer-groups --describe` prints it.
pub fn progress(page: &Page, text: &Text, partitions: &[Progress]) -> Html {
    if partitions.is_empty() {
        return html! { <p class="inspector__hint">{ text.get("ui-reads-nothing") }</p> };
    }
    html! {
        <table class="table">
            <thead><tr>
                <th>{ text.get("ui-partition") }</th><th>{ text.get("ui-committed-offset") }</th>
                <th>{ text.get("ui-position") }</th><th>{ "HW" }</th><th>{ "lag" }</th>
            </tr></thead>
            <tbody>
                { for partitions.iter().map(|one| html! {
                    <tr key={one.label.clone()}>
                        <th scope="row">{ link_to(page, Selection::Partition(one.partition), one.label.clone()) }</th>
                        <td>{ or_none(text, one.committed) }</td><td>{ or_none(text, one.position) }</td>
                        <td>{ one.high_watermark.to_string() }</td><td>{ or_none(text, one.lag) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

/// Moving a group's offsets; Kafka refuses while the group has members, and says so when asked.
fn resets(page: &Page, text: &Text, group: &GroupCard) -> Html {
    let Some(topic) = page.scene.topic.as_ref().map(|topic| topic.name.clone()) else { return Html::default() };
    let reset = |to| Command::ResetOffsets { group: group.badge.group.clone(), topic: topic.clone(), to };
    commands(vec![
        command(page, Icon::Back, text.get("ui-do-reset-earliest"), reset(OffsetTarget::Earliest)),
        command(page, Icon::Step, text.get("ui-do-reset-latest"), reset(OffsetTarget::Latest)),
    ])
}
