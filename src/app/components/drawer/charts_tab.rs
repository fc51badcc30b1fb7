//! Lag over virtual time, by group and partition; the same as a table for whoever reads rather than looks.

use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use super::chart::{ChartLine, paint};
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::view::explain::partition_name;

/// More lines than these cannot be told apart; those with the highest lag are drawn.
const LINES: usize = 8;

#[component]
pub fn ChartsTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let canvas = use_node_ref();
    let mut rows: Vec<(ChartLine, u64, crate::engine::common::TopicPartition)> = {
        let model = page.model();
        let session = model.session();
        let now = session.now();
        model
            .lag()
            .series()
            .map(|(group, partition, series)| {
                let past: Vec<_> = series.iter().copied().take_while(|(at, _)| *at <= now).collect();
                let peak = past.iter().map(|(_, lag)| *lag).max().unwrap_or_default();
                let name = partition_name(session.world(), partition);
                (ChartLine { group: group.to_owned(), partition: name, points: past }, peak, partition)
            })
            .filter(|(line, ..)| !line.points.is_empty())
            .collect()
    };
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.group.cmp(&b.0.group)));
    let lines: Vec<ChartLine> = rows.iter().take(LINES).map(|(line, ..)| line.clone()).collect();
    let now = page.model().session().now();
    {
        let (canvas, look) = (canvas.clone(), (page.ui.theme, page.ui.presenter));
        let lag = text.get("ui-lag-axis").to_string();
        use_effect_with((lines, now, look), move |(lines, now, _)| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                paint(&canvas, lines, *now, &lag);
            }
        });
    }
    html! {
        <div class="charts">
            if rows.is_empty() { <p class="inspector__hint">{ text.get("ui-no-lag") }</p> }
            <canvas ref={canvas} class="charts__canvas" role="img" aria-label={text.get("ui-lag-chart")} hidden={rows.is_empty()} />
            if !rows.is_empty() {
                <div class="charts__table">
                    <table class="table">
                        <caption>{ text.get("ui-lag-chart") }</caption>
                        <thead><tr>
                            <th>{ text.get("ui-group") }</th><th>{ text.get("ui-partition") }</th>
                            <th>{ text.get("ui-lag-now") }</th><th>{ text.get("ui-lag-peak") }</th>
                        </tr></thead>
                        <tbody>
                            { for rows.iter().enumerate().map(|(index, (line, peak, partition))| html! {
                                <tr key={format!("{} {}", line.group, line.partition)}>
                                    <th scope="row">
                                        <button type="button" class="link"
                                            onclick={page.on_click(UiAction::Select(Selection::Group(line.group.clone())))}>
                                            { format!("{} ", index + 1) }{ &line.group }
                                        </button>
                                    </th>
                                    <td><button type="button" class="link"
                                        onclick={page.on_click(UiAction::Select(Selection::Partition(*partition)))}>
                                        { &line.partition }
                                    </button></td>
                                    <td>{ line.points.last().map_or(0, |(_, lag)| *lag) }</td><td>{ *peak }</td>
                                </tr>
                            }) }
                        </tbody>
                    </table>
                </div>
            }
        </div>
    }
}
