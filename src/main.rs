//! Entry point: the page in a browser, a command everywhere else.

/// Draws the page. Without the feature `app` there is none to draw.
#[cfg(target_arch = "wasm32")]
fn main() {
    #[cfg(feature = "app")]
    kafkascope::app::mount();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    kafkascope::cli::run()
}
