//! The dialog that is open, if one is.

use yew::prelude::*;

use super::add::AddDialog;
use super::break_menu::BreakMenu;
use super::comparisons::Comparisons;
use super::confirm::ConfirmRestart;
use super::fidelity::FidelityDialog;
use super::help::Help;
use super::lessons::Lessons;
use super::new_cluster::NewCluster;
use super::until::Until;
use crate::app::state::page::use_page;
use crate::app::state::ui::Dialog;

#[component]
pub fn Dialogs() -> Html {
    let page = use_page();
    match page.ui.dialog.clone() {
        None => Html::default(),
        Some(Dialog::Help) => html! { <Help /> },
        Some(Dialog::Fidelity) => html! { <FidelityDialog /> },
        Some(Dialog::Lessons) => html! { <Lessons /> },
        Some(Dialog::Comparisons) => html! { <Comparisons /> },
        Some(Dialog::Until) => html! { <Until /> },
        Some(Dialog::Add(what)) => html! { <AddDialog {what} /> },
        Some(Dialog::Break(node)) => html! { <BreakMenu {node} /> },
        Some(Dialog::NewCluster) => html! { <NewCluster /> },
        Some(Dialog::ConfirmRestart(setup)) => html! { <ConfirmRestart {setup} /> },
    }
}
