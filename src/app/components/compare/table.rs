//! What differs, in numbers: one column a measure, one row a side, the worse value in the tone of a broken promise.

use yew::prelude::*;

use super::side::name;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::compare::{Measured, measured};
use crate::app::state::lesson::language;
use crate::app::state::page::use_page;
use crate::console::Value;

#[component]
pub fn Table() -> Html {
    let (page, text) = (use_page(), use_text());
    let Some(right) = page.right_model() else { return Html::default() };
    let Some(what) = page.ui.compared.clone() else { return Html::default() };
    let rows = measured(&what, language(page.ui.lang), [page.model().scope(), right.scope()]);
    if rows.is_empty() {
        return html! { <p class="compare__same" role="status">{ Icon::Check.html() }{ text.get("ui-compare-same") }</p> };
    }
    html! {
        <div class="compare__table" tabindex="0" role="region" aria-label={text.get("ui-compare-table")}>
            <table>
                <thead><tr>
                    <th scope="col"><span class="sr">{ text.get("ui-compare-side") }</span></th>
                    { for rows.iter().map(|row| html! { <th scope="col" title={row.formulas[0].clone()}>{ &row.label }</th> }) }
                </tr></thead>
                <tbody>
                    { for [0, 1].map(|side| html! {
                        <tr>
                            <th scope="row">{ name(&page, side) }</th>
                            { for rows.iter().map(|row| cell(row, side)) }
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}

/// What is not there yet is a dash here, not a word.
fn shown(value: &Value) -> String {
    if *value == Value::None { "–".to_owned() } else { value.to_string() }
}

fn cell(row: &Measured, side: usize) -> Html {
    let class = classes!(
        "measured",
        row.differs().then_some("measured--differs"),
        row.is_worse(side).then_some("measured--worse")
    );
    html! {
        <td {class} title={row.formulas[side].clone()}>
            <b>{ shown(&row.values[side]) }</b>
            if row.is_worse(side) { { Icon::Cross.html() } }
            if let Some(permille) = row.permille(side) { <i style={format!("--share:{permille}")} aria-hidden="true" /> }
        </td>
    }
}
