//! The reader's own data: a file, or lines from the clipboard, become records of one producer.

use gloo::file::callbacks::{FileReader, read_as_bytes};
use gloo::file::{Blob, File};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::import::{Import, Progress, Source};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::state::action::UiAction;
use crate::app::state::feed::{Handover, WAITING_AT_MOST};
use crate::app::state::page::Page;
use crate::scenario::import::{Format, KeyFrom, LeftOut, SAMPLE_BYTES, sniff};

pub struct InputTab {
    page: Page,
    _context: ContextHandle<Page>,
    import: Option<Import>,
    pasted: String,
    /// The producer chosen; the first one if none is.
    producer: Option<String>,
    reader: Option<FileReader>,
    /// A file that could not be read at all.
    unreadable: Option<String>,
    is_dragged_over: bool,
}

pub enum Msg {
    Page(Page),
    Choose(File),
    Sample(File, Vec<u8>),
    Paste(String),
    UsePasted,
    Producer(String),
    Key(KeyFrom),
    Start,
    Slice(Vec<u8>),
    Unreadable(String),
    Cancel,
    Again,
    Dragged(bool),
}

impl Component for InputTab {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let context = ctx.link().context::<Page>(ctx.link().callback(Msg::Page));
        let (page, handle) = context.expect("the root component provides the page");
        Self {
            page,
            _context: handle,
            import: None,
            pasted: String::new(),
            producer: None,
            reader: None,
            unreadable: None,
            is_dragged_over: false,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Page(page) => {
                self.page = page;
                if let Some(parcel) = self.page.collect() {
                    self.producer = parcel.producer.or(self.producer.take());
                    ctx.link().send_message(Msg::Choose(parcel.file));
                }
                self.read_on(ctx);
            }
            Msg::Choose(file) => {
                self.is_dragged_over = false;
                self.unreadable = None;
                let link = ctx.link().clone();
                let sample = file.slice(0, SAMPLE_BYTES as u64);
                self.reader = Some(read_as_bytes(&sample, move |bytes| match bytes {
                    Ok(bytes) => link.send_message(Msg::Sample(file, bytes)),
                    Err(error) => link.send_message(Msg::Unreadable(error.to_string())),
                }));
            }
            Msg::Sample(file, bytes) => {
                let format = sniff(&bytes, &file.name());
                self.import = Some(Import::new(file.name(), Source::File(file), format));
            }
            Msg::Paste(text) => self.pasted = text,
            Msg::UsePasted => {
                let text = std::mem::take(&mut self.pasted);
                let bytes = text.as_bytes();
                let format = sniff(&bytes[..bytes.len().min(SAMPLE_BYTES)], "");
                self.unreadable = None;
                self.import = Some(Import::new(String::new(), Source::Pasted(text), format));
            }
            Msg::Producer(name) => self.producer = Some(name),
            Msg::Key(key) => {
                if let Some(import) = &mut self.import {
                    import.key = key;
                }
            }
            Msg::Start => {
                let producer = self.producer();
                if let (Some(import), Some(producer)) = (&mut self.import, producer) {
                    import.start(producer);
                }
                self.read_on(ctx);
            }
            Msg::Slice(bytes) => {
                if let Some((producer, records)) = self.import.as_mut().and_then(|import| import.take(&bytes)) {
                    self.page.send(UiAction::Feed(Handover { producer, records }));
                }
            }
            Msg::Unreadable(reason) => {
                self.import = None;
                self.unreadable = Some(reason);
            }
            Msg::Cancel => {
                self.reader = None;
                if let Some(import) = &mut self.import {
                    import.progress = Progress::Cancelled;
                }
                self.page.send(UiAction::StopFeed);
            }
            Msg::Again => self.import = None,
            Msg::Dragged(over) => self.is_dragged_over = over,
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let text = Text::of(self.page.ui.lang);
        let over = self.is_dragged_over.then_some("is-dragged-over");
        let link = ctx.link();
        let body = match &self.import {
            None => self.offer(ctx, &text),
            Some(import) => self.show(ctx, &text, import),
        };
        html! {
            <div class={classes!("input", over)} data-input=""
                ondragover={link.callback(|event: DragEvent| { event.prevent_default(); Msg::Dragged(true) })}
                ondragleave={link.callback(|_: DragEvent| Msg::Dragged(false))}
                ondrop={link.batch_callback(|event: DragEvent| dropped_file(&event).map(Msg::Choose))}>
                { body }
            </div>
        }
    }
}

/// The file that was dropped, if it was a file.
#[must_use]
pub fn dropped_file(event: &DragEvent) -> Option<File> {
    event.prevent_default();
    Some(File::from(event.data_transfer()?.files()?.get(0)?))
}

impl InputTab {
    fn producers(&self) -> Vec<String> {
        self.page.scene.producers.iter().map(|producer| producer.name.clone()).collect()
    }

    fn producer(&self) -> Option<String> {
        let all = self.producers();
        self.producer.clone().filter(|chosen| all.contains(chosen)).or_else(|| all.into_iter().next())
    }

    /// Asks for the next slice, if the rows before it have mostly gone over.
    fn read_on(&mut self, ctx: &Context<Self>) {
        let is_full = self.page.model().feed().waiting() >= WAITING_AT_MOST;
        let Some(import) = &mut self.import else { return };
        if is_full {
            return;
        }
        let Some((from, to)) = import.wants() else { return };
        let link = ctx.link().clone();
        match &import.source {
            Source::File(file) => {
                let slice: Blob = file.slice(from, to).into();
                self.reader = Some(read_as_bytes(&slice, move |bytes| match bytes {
                    Ok(bytes) => link.send_message(Msg::Slice(bytes)),
                    Err(error) => link.send_message(Msg::Unreadable(error.to_string())),
                }));
            }
            Source::Pasted(pasted) => {
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(pasted.len());
                link.send_message(Msg::Slice(pasted.as_bytes()[index(from)..index(to)].to_vec()));
            }
        }
    }

    /// Nothing is chosen yet.
    fn offer(&self, ctx: &Context<Self>, text: &Text) -> Html {
        let link = ctx.link();
        let onchange = link.batch_callback(|event: Event| {
            let input = event.target()?.dyn_into::<HtmlInputElement>().ok()?;
            Some(Msg::Choose(File::from(input.files()?.get(0)?)))
        });
        let oninput = link.batch_callback(|event: InputEvent| {
            Some(Msg::Paste(event.target()?.dyn_into::<HtmlTextAreaElement>().ok()?.value()))
        });
        let blank = self.pasted.trim().is_empty();
        html! {
            <>
                <div class="input__drop">
                    <p>{ text.get("ui-input-drop") }</p>
                    <label class="button button--edge file-button">
                        { Icon::Tray.html() }{ text.get("ui-open-file") }
                        <input type="file" class="sr" {onchange} data-file="" />
                    </label>
                    <p class="inspector__hint">{ text.get("ui-input-kinds") }</p>
                    if let Some(reason) = &self.unreadable {
                        <p class="input__refused">{ Icon::Warn.html() }{ text.get("ui-input-unreadable") }{ " " }{ reason }</p>
                    }
                </div>
                <div class="input__paste">
                    <label for="input-lines">{ text.get("ui-input-paste") }</label>
                    <textarea id="input-lines" spellcheck="false" value={self.pasted.clone()} {oninput}
                        placeholder={text.get("ui-input-placeholder")} />
                    <button type="button" class="button button--edge" aria-disabled={blank.to_string()}
                        onclick={(!blank).then(|| link.callback(|_: MouseEvent| Msg::UsePasted))}>
                        { text.get("ui-input-use") }
                    </button>
                </div>
            </>
        }
    }

    /// A file is chosen: what it is, what is to be done, how far it has come.
    fn show(&self, ctx: &Context<Self>, text: &Text, import: &Import) -> Html {
        let name = if import.name.is_empty() { text.get("ui-input-pasted") } else { import.name.clone().into() };
        let again = html! {
            <button type="button" class="button button--quiet" onclick={ctx.link().callback(|_: MouseEvent| Msg::Again)}>
                { text.get("ui-input-another") }
            </button>
        };
        let body = match &import.progress {
            Progress::Ready => self.ready(ctx, text, import),
            Progress::Reading(_) => self.reading(ctx, text, import),
            Progress::Done(summary) => html! {
                <>
                    <p class="input__done">{ Icon::Check.html() }<span>{ text.get_with("ui-input-done", &[
                        ("rows", summary.rows.into()),
                        ("without", summary.without_key.into()),
                        ("left", summary.left_out.into()),
                    ]) }</span></p>
                    { self.waiting(text) }{ left_out(text, &summary.told) }
                </>
            },
            Progress::Failed(problem) => html! {
                <>
                    <p class="input__refused">{ Icon::Warn.html() }<span>{ &problem.what }{ " " }{ &problem.how_to_mend }</span></p>
                    { left_out(text, &problem.told) }
                </>
            },
            Progress::Cancelled => html! { <p>{ text.get("ui-input-cancelled") }</p> },
        };
        html! {
            <div class="input__file">
                <p class="input__name"><b>{ name }</b><span>{ bytes(import.source.size_in_bytes()) }</span>
                    <span>{ format_name(text, &import.format) }</span></p>
                { body }
                { again }
            </div>
        }
    }

    fn ready(&self, ctx: &Context<Self>, text: &Text, import: &Import) -> Html {
        if let Format::Refused { why, how_to_mend } = &import.format {
            return html! {
                <p class="input__refused" role="alert">{ Icon::Warn.html() }<span>{ why }{ " " }{ how_to_mend }</span></p>
            };
        }
        let link = ctx.link();
        let names = import.key_names();
        let on_key = {
            let names = names.clone();
            link.batch_callback(move |event: Event| {
                let select = event.target()?.dyn_into::<HtmlSelectElement>().ok()?;
                let chosen = usize::try_from(select.selected_index()).ok()?.checked_sub(1);
                let name = chosen.and_then(|index| names.get(index));
                Some(Msg::Key(name.map_or(KeyFrom::Nothing, |name| KeyFrom::Name(name.clone()))))
            })
        };
        let on_producer = link.batch_callback(|event: Event| {
            Some(Msg::Producer(event.target()?.dyn_into::<HtmlSelectElement>().ok()?.value()))
        });
        let producers = self.producers();
        let chosen = self.producer();
        html! {
            <div class="input__options">
                <label>{ text.get("ui-input-to") }
                    <select onchange={on_producer}>
                        { for producers.iter().map(|name| html! {
                            <option selected={chosen.as_ref() == Some(name)} value={name.clone()}>{ name }</option>
                        }) }
                    </select>
                </label>
                if !names.is_empty() {
                    <label>{ text.get("ui-input-key") }
                        <select onchange={on_key}>
                            <option selected={import.key == KeyFrom::Nothing}>{ text.get("ui-input-no-key") }</option>
                            { for names.iter().map(|name| html! {
                                <option selected={import.key == KeyFrom::Name(name.clone())}>{ name }</option>
                            }) }
                        </select>
                    </label>
                }
                <button type="button" class="button button--primary" aria-disabled={chosen.is_none().to_string()} data-start=""
                    onclick={link.callback(|_: MouseEvent| Msg::Start)}>{ text.get("ui-input-start") }</button>
                if chosen.is_none() { <p class="inspector__hint">{ text.get("ui-input-no-producer") }</p> }
            </div>
        }
    }

    fn reading(&self, ctx: &Context<Self>, text: &Text, import: &Import) -> Html {
        html! {
            <div class="input__progress">
                <progress max="100" value={import.percent().to_string()} aria-label={text.get("ui-input-progress")} />
                <span>{ format!("{} %", import.percent()) }</span>
                { self.waiting(text) }
                <button type="button" class="button button--edge" onclick={ctx.link().callback(|_: MouseEvent| Msg::Cancel)}>
                    { text.get("ui-cancel") }
                </button>
            </div>
        }
    }

    /// How many records have gone over and how many wait, and why they do.
    fn waiting(&self, text: &Text) -> Html {
        let model = self.page.model();
        let feed = model.feed();
        let label = text
            .get_with("ui-input-handed", &[("handed", feed.handed_over().into()), ("waiting", feed.waiting().into())]);
        let why = if feed.waiting() == 0 {
            None
        } else if model.is_in_the_past() {
            Some("ui-input-in-the-past")
        } else if model.playback().is_playing() {
            None
        } else {
            Some("ui-input-paused")
        };
        html! { <p class="input__handed">{ label }if let Some(why) = why { { " " }{ text.get(why) } }</p> }
    }
}

fn left_out(text: &Text, told: &[LeftOut]) -> Html {
    if told.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="properties__list" aria-label={text.get("ui-input-left-out")}>
            { for told.iter().map(|row| html! {
                <li key={row.line} class="properties__problem"><i>{ row.line }</i><span>{ Icon::Warn.html() }{ &row.why }</span></li>
            }) }
        </ul>
    }
}

fn format_name(text: &Text, format: &Format) -> AttrValue {
    text.get(match format {
        Format::Lines => "ui-input-lines",
        Format::Csv { .. } => "ui-input-csv",
        Format::JsonLines { .. } => "ui-input-json",
        Format::Refused { .. } => "ui-input-refused",
    })
}

/// "1.4 MB"; the same in both languages.
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} KB", count / 1_000, count / 100 % 10),
        _ => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
    }
}
